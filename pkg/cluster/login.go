package cluster

import (
	"context"
	"net/http"

	"k8s.io/client-go/rest"
)

// interruptible returns the transport of a config whose requests end with their
// contexts, also where somebody is logging in. client-go gets credentials in the
// middle of a request, and waits for the plugin that does, which knows no
// context, and so for as long as a person takes. Such a request is given up, and
// never sent; what goes on is the login alone.
func interruptible(config *rest.Config) (http.RoundTripper, error) {
	if config.ExecProvider == nil && config.AuthProvider == nil {
		return rest.TransportFor(config)
	}
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return afterLogin{next} })
	next, err := rest.TransportFor(config)
	return &beforeLogin{next}, err
}

// attempt is a request that may have to wait for a login.
type attempt struct {
	// sending has room for the request while it is under way, or for who gives it
	// up.
	sending chan struct{}
	// abandoned says that nobody waits for it any more.
	abandoned bool
}

type attemptKey struct{}

// beforeLogin is around what gets credentials.
type beforeLogin struct{ next http.RoundTripper }

func (b *beforeLogin) RoundTrip(request *http.Request) (*http.Response, error) {
	type outcome struct {
		response *http.Response
		err      error
	}
	ctx, current := request.Context(), &attempt{sending: make(chan struct{}, 1)}
	answered := make(chan outcome)
	go func() {
		response, err := b.next.RoundTrip(request.WithContext(context.WithValue(ctx, attemptKey{}, current)))
		select {
		case answered <- outcome{response, err}:
		case <-ctx.Done():
			if err == nil {
				response.Body.Close()
			}
		}
	}()
	select {
	case got := <-answered:
		return got.response, got.err
	case <-ctx.Done():
		current.sending <- struct{}{} // after the request, which ends with the context
		current.abandoned = true
		<-current.sending
		return nil, context.Cause(ctx)
	}
}

// afterLogin gets requests with their credentials.
type afterLogin struct{ next http.RoundTripper }

func (a afterLogin) RoundTrip(request *http.Request) (*http.Response, error) {
	current, known := request.Context().Value(attemptKey{}).(*attempt)
	if !known {
		return a.next.RoundTrip(request)
	}
	current.sending <- struct{}{}
	defer func() { <-current.sending }()
	if current.abandoned {
		if request.Body != nil {
			request.Body.Close() // as http.RoundTripper wants it
		}
		return nil, context.Cause(request.Context())
	}
	return a.next.RoundTrip(request)
}
