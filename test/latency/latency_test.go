package latency

import (
	"io"
	"net"
	"testing"
	"time"
)

// echo gives the address of a server that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = connection.Close() }()
				_, _ = io.Copy(connection, connection)
			}()
		}
	}()
	return listener.Addr().String()
}

func TestLink(t *testing.T) {
	const rtt = 60 * time.Millisecond
	link, err := Listen(echo(t), rtt)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	connection, err := net.Dial("tcp", link.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	// The handshake and a question are two round trips, another question is
	// one.
	for i, least := range []time.Duration{2 * rtt, 3 * rtt} {
		if _, err := connection.Write([]byte("ping")); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 4)
		if _, err := io.ReadFull(connection, answer); err != nil || string(answer) != "ping" {
			t.Fatalf("%q %v", answer, err)
		}
		if took := time.Since(began); took < least || took > least+20*rtt {
			t.Errorf("answer %d came after %s, not after %s", i, took, least)
		}
	}
	if got, want := link.Traffic(), (Traffic{Connections: 1, Sent: 8, Received: 8}); got != want {
		t.Errorf("traffic %+v, not %+v", got, want)
	}
	// The end of one direction arrives, too.
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(connection); err != nil || len(rest) != 0 {
		t.Errorf("%q %v", rest, err)
	}
	if err := link.Close(); err != nil {
		t.Error(err)
	}
}

func TestLinkCloses(t *testing.T) {
	link, err := Listen(echo(t), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := net.Dial("tcp", link.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := connection.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	// It waits for everything under way, so that it returns is the test.
	if err := link.Close(); err != nil {
		t.Error(err)
	}
}
