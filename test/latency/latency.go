// Package latency puts a distance between a client and a server on one
// machine.
package latency

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Link passes TCP connections on to a server, and takes as long for it as a
// network with this round-trip time would: half of it for whatever is sent in
// either direction, and a whole one for the handshake before that. Bandwidth
// is not limited, and nothing gets lost.
type Link struct {
	target   string
	rtt      time.Duration
	listener net.Listener
	cancel   context.CancelFunc
	running  sync.WaitGroup

	connections, sent, received atomic.Int64
}

// Traffic is what has passed a link since it was made.
type Traffic struct {
	Connections int64
	// Sent and Received are bytes, as the client sees it: TLS included.
	Sent, Received int64
}

// chunk is something under way, and when it arrives.
type chunk struct {
	content []byte
	due     time.Time
}

// underWay bounds how many chunks of 64 KB are in a link at once, in each
// direction of a connection.
const underWay = 1024

// Listen opens a link on a free port of the loopback to target, a host and a
// port. Close ends it.
func Listen(target string, rtt time.Duration) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Link{target: target, rtt: rtt, listener: listener, cancel: cancel}
	l.running.Go(func() { l.accept(ctx) })
	return l, nil
}

// Address is where clients connect to.
func (l *Link) Address() string { return l.listener.Addr().String() }

// Traffic tells what has passed until now.
func (l *Link) Traffic() Traffic {
	return Traffic{l.connections.Load(), l.sent.Load(), l.received.Load()}
}

// Close breaks all connections and waits until they are gone.
func (l *Link) Close() error {
	l.cancel()
	err := l.listener.Close()
	l.running.Wait()
	return err
}

func (l *Link) accept(ctx context.Context) {
	for {
		client, err := l.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		l.connections.Add(1)
		l.running.Go(func() { l.pass(ctx, client) })
	}
}

// pass is one connection, from its handshake to its end.
func (l *Link) pass(ctx context.Context, client net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A client here is connected at once; one at a distance could not send
	// anything before its handshake has come back.
	opened := time.Now().Add(l.rtt)
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.target)
	if err != nil {
		_ = client.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.carry(ctx, server, client, opened, &l.sent) })
	both.Go(func() { l.carry(ctx, client, server, opened, &l.received) })
	stop := context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = server.Close()
	})
	both.Wait()
	if stop() {
		_ = client.Close()
		_ = server.Close()
	}
}

// carry takes what comes from one side to the other, and its end as well.
func (l *Link) carry(ctx context.Context, to, from net.Conn, opened time.Time, count *atomic.Int64) {
	road := make(chan chunk, underWay)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(road)
		for {
			content := make([]byte, 64<<10)
			read, err := from.Read(content)
			if read > 0 {
				count.Add(int64(read))
				left := time.Now()
				if left.Before(opened) {
					left = opened
				}
				select {
				case road <- chunk{content[:read], left.Add(l.rtt / 2)}:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	deliver(ctx, to, road)
	reading.Wait()
}

// deliver writes chunks when they are due, and then closes that direction.
func deliver(ctx context.Context, to net.Conn, road <-chan chunk) {
	broken := false
	for next := range road {
		if broken {
			continue // the reader ends with its own side
		}
		if wait := time.Until(next.due); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
		if _, err := to.Write(next.content); err != nil {
			broken = true
			_ = to.Close()
		}
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil && !errors.Is(err, io.EOF) {
			_ = to.Close()
		}
	}
}
