package forward

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	protocols "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	upgrade "k8s.io/client-go/transport/websocket"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
	streamspdy "k8s.io/streaming/pkg/httpstream/spdy"
)

// closeTime bounds how long a connection may take to say goodbye. The other
// side may be gone without a word, and then nothing can be written any more.
const closeTime = time.Second

// wire is a connection to a pod with many streams on it.
type wire struct {
	httpstream.Connection
	// below is nil where it cannot be had.
	below net.Conn
}

// Close resets all streams and ends the connection.
func (w *wire) Close() error {
	if w.below != nil {
		_ = w.below.SetWriteDeadline(time.Now().Add(closeTime))
	}
	return w.Connection.Close()
}

// dial upgrades a request for port forwarding. It waits no longer than its
// context lasts. client-go does, until the server answers, so that one
// goroutine may end later; it closes then what comes late.
func dial(ctx context.Context, config *rest.Config, target *url.URL) (*wire, error) {
	type answer struct {
		wire *wire
		err  error
	}
	answered := make(chan answer)
	go func() {
		dialed, err := dialEither(ctx, config, target)
		select {
		case answered <- answer{dialed, err}:
		case <-ctx.Done():
			if err == nil {
				_ = dialed.Close()
			}
		}
	}()
	select {
	case got := <-answered:
		return got.wire, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// dialEither does as kubectl does: a websocket with SPDY in it, which gets
// through most proxies, or else plain SPDY, which servers before Kubernetes
// 1.31 want.
func dialEither(ctx context.Context, config *rest.Config, target *url.URL) (*wire, error) {
	dialed, refusal := dialWebsocket(ctx, config, target)
	if refusal == nil || !httpstream.IsUpgradeFailure(refusal) && !httpstream.IsHTTPSProxyError(refusal) {
		return dialed, refusal
	}
	dialed, err := dialSPDY(ctx, config, target)
	var failure *httpstream.UpgradeFailureError
	if err != nil && errors.As(refusal, &failure) && isRefused(failure.Cause) {
		return nil, &refusedError{said: err, cause: failure.Cause}
	}
	return dialed, err
}

// refusedError is told in SPDY's words, which name the right that is enough,
// but only the websocket's error has a code.
type refusedError struct{ said, cause error }

func (e *refusedError) Error() string {
	return strings.TrimPrefix(e.said.Error(), "unable to upgrade connection: ")
}

func (e *refusedError) Unwrap() error { return e.cause }

// isRefused tells whether the user may not do it.
func isRefused(err error) bool { return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) }

// dialWebsocket does what client-go's dialer does, which takes no context.
func dialWebsocket(ctx context.Context, config *rest.Config, target *url.URL) (*wire, error) {
	transport, holder, err := upgrade.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	socket, err := upgrade.Negotiate(transport, holder, request, protocols.WebsocketsSPDYTunnelingPortForwardV1)
	if err != nil {
		return nil, err
	}
	connection, err := streamspdy.NewClientConnectionWithPings(
		portforward.NewTunnelingConnectionWithLogger(klog.FromContext(ctx), socket), portforward.PingPeriod)
	if err != nil {
		return nil, err
	}
	return &wire{connection, socket.NetConn()}, nil
}

func dialSPDY(ctx context.Context, config *rest.Config, target *url.URL) (*wire, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), nil)
	if err != nil {
		return nil, err
	}
	connection, _, err := spdy.NegotiateStreaming(upgrader, &http.Client{Transport: transport}, request, protocols.PortForwardV1Name)
	if err != nil {
		return nil, err
	}
	return &wire{Connection: connection}, nil
}
