package forward

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"
)

// maxComplaint bounds what is read of a complaint from the node.
const maxComplaint = 4 << 10

// errCut is all that is known of a connection that ended by itself.
var errCut = errors.New("the connection through the API server broke")

// tunnel leads to one port of one pod.
type tunnel struct {
	wire httpstream.Connection
	port int
	// broken has the first reason why the tunnel is of no use any more.
	broken chan error
	last   atomic.Int64
}

func newTunnel(wire httpstream.Connection, port int) *tunnel {
	return &tunnel{wire: wire, port: port, broken: make(chan error, 1)}
}

// wait returns when the tunnel is of no use any more, and says why.
func (t *tunnel) wait(ctx, usable context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-usable.Done():
		return context.Cause(usable)
	case err := <-t.broken:
		return err
	case <-t.wire.CloseChan():
		select {
		case err := <-t.broken:
			return err
		default:
			return errCut
		}
	}
}

// fail says that the tunnel is of no use any more.
func (t *tunnel) fail(err error) {
	select {
	case t.broken <- err:
	default:
	}
}

// carry carries bytes both ways until one side ends, and closes the local
// connection. It gives false, and leaves the local connection as it is, where
// no stream could be opened, so that another tunnel can be tried.
func (t *tunnel) carry(local net.Conn) bool {
	complaints, data, err := t.streams()
	if err != nil {
		t.fail(errCut)
		return false
	}
	defer t.wire.RemoveStreams(complaints, data)
	var others sync.WaitGroup
	var complaint []byte
	others.Go(func() { complaint, _ = io.ReadAll(io.LimitReader(complaints, maxComplaint)) })
	others.Go(func() {
		if _, err := io.Copy(data, local); err != nil {
			_ = data.Reset() // nobody wants the answer
			return
		}
		_ = data.Close()
	})
	_, _ = io.Copy(local, data)
	// What has not been sent yet would hold up the complaints.
	_ = data.Reset()
	_ = local.Close()
	others.Wait()
	// A pod that was replaced under its name complains in each stream, and
	// the connection goes on. So only a new connection helps.
	if text := strings.TrimSpace(string(complaint)); text != "" {
		t.fail(errors.New(text))
	}
	return true
}

// streams opens what one local connection needs: the protocol has a stream for
// errors beside that for data.
func (t *tunnel) streams() (complaints, data httpstream.Stream, err error) {
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(t.port))
	headers.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(t.last.Add(1), 10))
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	if complaints, err = t.wire.CreateStream(headers); err != nil {
		return nil, nil, err
	}
	_ = complaints.Close() // nothing is written to it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	if data, err = t.wire.CreateStream(headers); err != nil {
		_ = complaints.Reset()
		t.wire.RemoveStreams(complaints)
		return nil, nil, err
	}
	return complaints, data, nil
}
