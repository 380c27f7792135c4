package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
)

const (
	// most local connections are served at a time; others wait.
	most = 128
	// draws bounds how often a port is drawn that is free on both of
	// localhost's addresses.
	draws = 10
)

// Listener is a local port, on one address or on both of localhost's.
type Listener struct {
	address string
	port    int
	open    []net.Listener
}

// Listen opens a local port from 1 to 65535, or one that is free if the port is
// 0. The address is an IP address or localhost, which stands for 127.0.0.1 and,
// where there is IPv6, for ::1: a port that is somebody else's on one of them
// would lead some programs there. The error says in one line why the port
// cannot be had.
func Listen(ctx context.Context, address string, port int) (*Listener, error) {
	for range draws {
		l, err := listen(ctx, address, port)
		if err == nil || port != 0 || address != localhost {
			return l, err
		}
	}
	return listen(ctx, address, port)
}

const localhost = "localhost"

func listen(ctx context.Context, address string, port int) (*Listener, error) {
	l := &Listener{address: address, port: port}
	for _, host := range hosts(ctx, address) {
		var config net.ListenConfig
		one, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(l.port)))
		if err != nil {
			l.Close()
			return nil, refused(address, l.port, err)
		}
		l.open = append(l.open, one)
		l.port = one.Addr().(*net.TCPAddr).Port
	}
	return l, nil
}

// hosts gives the addresses that stand behind one.
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

// refused says in one line why a port cannot be had.
func refused(address string, port int, err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		err = number
	}
	return fmt.Errorf("cannot listen on %s: %w; choose another --port, or none for one that is free", net.JoinHostPort(address, strconv.Itoa(port)), err)
}

// Host gives what local programs connect to: "localhost:34567".
func (l *Listener) Host() string {
	host := l.address
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = localhost
	}
	return net.JoinHostPort(host, strconv.Itoa(l.port))
}

// Close gives the port back.
func (l *Listener) Close() {
	for _, one := range l.open {
		_ = one.Close()
	}
}

// serve calls handle for each connection that comes, several at once, until
// the context ends; it returns when all of them have returned.
func (l *Listener) serve(ctx context.Context, handle func(net.Conn)) error {
	ctx, stop := context.WithCancelCause(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop(nil)
	defer context.AfterFunc(ctx, l.Close)()
	slots := make(chan struct{}, most)
	for _, one := range l.open {
		all.Go(func() {
			for {
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				connection, err := one.Accept()
				if err != nil {
					stop(fmt.Errorf("cannot take connections on %s: %w", l.Host(), err))
					return
				}
				all.Go(func() {
					handle(connection)
					<-slots
				})
			}
		})
	}
	<-ctx.Done()
	l.Close()
	return context.Cause(ctx)
}
