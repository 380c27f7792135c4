package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// draws bounds how often a port is drawn that is free on both of localhost's
// addresses.
const draws = 10

const localhost = "localhost"

// Local is the local end of a forward: a port of an IP address or of localhost,
// which stands for 127.0.0.1 and, where there is IPv6, for ::1.
type Local struct {
	Address string
	Port    int
}

// Host returns what local programs connect to: "localhost:34567".
func (l Local) Host() string {
	host := l.Address
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = localhost
	}
	return net.JoinHostPort(host, strconv.Itoa(l.Port))
}

// Free returns a local port that is free: the given one, from 1 to 65535, or any
// if that is 0. On localhost it is free on both addresses, because a port that is
// somebody else's on one of them would lead some programs there. The error is a
// *ListenError.
func Free(ctx context.Context, address string, port int) (Local, error) {
	for range draws {
		local, err := free(ctx, address, port)
		if err == nil || port != 0 || address != localhost {
			return local, err
		}
	}
	return free(ctx, address, port)
}

func free(ctx context.Context, address string, port int) (Local, error) {
	local := Local{address, port}
	for _, host := range hosts(ctx, address) {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(local.Port)))
		if err != nil {
			return Local{}, &ListenError{local, err}
		}
		defer listener.Close()
		local.Port = listener.Addr().(*net.TCPAddr).Port
	}
	return local, nil
}

// hosts returns the addresses that stand behind one.
func hosts(ctx context.Context, address string) []string {
	if address != localhost {
		return []string{address}
	}
	var config net.ListenConfig
	probe, err := config.Listen(ctx, "tcp6", "[::1]:0")
	if err != nil {
		return []string{"127.0.0.1"}
	}
	_ = probe.Close()
	return []string{"127.0.0.1", "::1"}
}

// ListenError says in one line why a local port cannot be used.
type ListenError struct {
	Local Local
	err   error
}

func (e *ListenError) Error() string {
	err := e.err
	var number syscall.Errno
	if errors.As(err, &number) {
		err = number
	}
	remedy := "choose another --port, or omit it for a free one"
	switch {
	case number == syscall.EACCES:
		remedy = "choose a --port from 1024 on, or omit it for a free one"
	case number != syscall.EADDRINUSE && e.Local.Address != localhost:
		remedy = "choose an --address of this machine, or omit it for localhost"
	}
	return fmt.Sprintf("cannot listen on %s: %s; %s", net.JoinHostPort(e.Local.Address, strconv.Itoa(e.Local.Port)), err, remedy)
}

func (e *ListenError) Unwrap() error { return e.err }
