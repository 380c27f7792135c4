package forward

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"

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

// dial upgrades a request for port forwarding as kubectl does: a websocket
// with SPDY in it, which gets through most proxies, or else plain SPDY, which
// servers before Kubernetes 1.31 want.
func dial(ctx context.Context, config *rest.Config, target *url.URL) (*wire, error) {
	connection, err := dialWebsocket(ctx, config, target)
	if err != nil && (httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)) {
		return dialSPDY(ctx, config, target)
	}
	return connection, err
}

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

// dialSPDY does not wait for an answer longer than its context lasts. client-go
// does, so that its goroutine may end later; it closes then what comes late.
func dialSPDY(ctx context.Context, config *rest.Config, target *url.URL) (*wire, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), nil)
	if err != nil {
		return nil, err
	}
	type answer struct {
		connection httpstream.Connection
		err        error
	}
	answered := make(chan answer)
	go func() {
		connection, _, err := spdy.NegotiateStreaming(upgrader, &http.Client{Transport: transport}, request, protocols.PortForwardV1Name)
		select {
		case answered <- answer{connection, err}:
		case <-ctx.Done():
			if err == nil {
				_ = connection.Close()
			}
		}
	}()
	select {
	case got := <-answered:
		if got.err != nil {
			return nil, got.err
		}
		return &wire{Connection: got.connection}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
