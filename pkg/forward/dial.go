package forward

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// dial connects to a pod. It waits no longer than its context lasts. client-go
// does, until the server answers, so that one goroutine may end later; it closes
// then what comes late.
func dial(ctx context.Context, config *rest.Config, target *url.URL) (httpstream.Connection, error) {
	type answer struct {
		connection httpstream.Connection
		err        error
	}
	answered := make(chan answer)
	go func() {
		connection, err := dialEither(config, target)
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
		return got.connection, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// dialEither does as kubectl does: a websocket with SPDY in it, which gets
// through most proxies, or else plain SPDY, which servers before Kubernetes
// 1.31 want.
func dialEither(config *rest.Config, target *url.URL) (httpstream.Connection, error) {
	websocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(target, config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, target)
	var refusal error
	connection, _, err := portforward.NewFallbackDialerForStreaming(websocket, plain, func(err error) bool {
		refusal = err
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}).Dial(portforward.PortForwardProtocolV1Name)
	var failure *httpstream.UpgradeFailureError
	if err != nil && errors.As(refusal, &failure) && isRefused(failure.Cause) {
		return nil, &refusedError{said: err, cause: failure.Cause}
	}
	return connection, err
}

// refusedError is told in SPDY's words, which name the right that is enough,
// but only the websocket's error has a code.
type refusedError struct{ said, cause error }

func (e *refusedError) Error() string {
	return strings.TrimPrefix(e.said.Error(), "unable to upgrade connection: ")
}

func (e *refusedError) Unwrap() error { return e.cause }

// isRefused reports whether the user may not do it.
func isRefused(err error) bool { return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) }
