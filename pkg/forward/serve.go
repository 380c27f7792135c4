package forward

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-logr/logr"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
)

// errCut is all that is known of a connection that ended by itself.
var errCut = errors.New("the connection through the API server broke")

// serve forwards the local port through a connection until that is of no use any
// more, and says why.
func (f *Forwarder) serve(ctx context.Context, connection httpstream.Connection, target Target) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(target.Usable, func() { stop(context.Cause(target.Usable)) })()
	complaint, ready := make(complaints, 1), make(chan struct{})
	forwarder, err := portforward.NewOnAddressesForStreamingWithContext(klog.NewContext(ctx, logr.New(complaint)), dialed{connection},
		[]string{f.Local.Address}, []string{fmt.Sprintf("%d:%d", f.Local.Port, target.Port)}, ready, io.Discard, io.Discard)
	if err != nil {
		_ = connection.Close()
		return &ListenError{f.Local, err}
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
		f.Connected(target)
	case err := <-ended:
		if _, taken := Free(ctx, f.Local.Address, f.Local.Port); taken != nil {
			return taken // says it in fewer words
		}
		return &ListenError{f.Local, err}
	}
	<-ended
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case err := <-complaint:
		return err
	default:
		return errCut
	}
}

// dialed is a dialer that has dialed already, for the errors of doing so have no
// types any more once client-go's forwarder has seen them.
type dialed struct{ connection httpstream.Connection }

func (d dialed) Dial(...string) (httpstream.Connection, string, error) {
	return d.connection, portforward.PortForwardProtocolV1Name, nil
}

// complaints take what the node has to say of a local connection, which
// client-go's forwarder only logs before it gives up the connection to the pod.
type complaints chan error

func (c complaints) Error(err error, message string, _ ...any) {
	if message != "An error occurred forwarding" {
		return
	}
	select {
	case c <- err:
	default:
	}
}

func (c complaints) Init(logr.RuntimeInfo)          {}
func (c complaints) Enabled(int) bool               { return false }
func (c complaints) Info(int, string, ...any)       {}
func (c complaints) WithValues(...any) logr.LogSink { return c }
func (c complaints) WithName(string) logr.LogSink   { return c }
