package cluster

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// slowLogin gets credentials before each request, which takes as long as that
// of somebody who logs in.
type slowLogin struct {
	next http.RoundTripper
	done <-chan struct{}
}

func (s slowLogin) RoundTrip(request *http.Request) (*http.Response, error) {
	<-s.done
	return s.next.RoundTrip(request)
}

// TestLogin has a request's context end before, in and after a login.
func TestLogin(t *testing.T) {
	interrupted := errors.New("interrupted")
	for _, test := range []struct {
		name             string
		login, ends, end time.Duration
		want             time.Duration
		// sent tells whether the request is sent, and err whether that ends it.
		sent, err bool
	}{
		{"at once", 0, time.Hour, time.Second, time.Second, true, false},
		{"somebody logs in", time.Minute, time.Hour, time.Second, time.Minute + time.Second, true, false},
		{"ended before", time.Minute, 0, time.Second, 0, false, true},
		{"ended in the login", time.Minute, time.Second, time.Second, time.Second, false, true},
		// The request ends with its context, but not at once.
		{"ended in the request", time.Minute, time.Minute + time.Second, time.Hour, time.Minute + 2*time.Second, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeoutCause(t.Context(), test.ends, interrupted)
				defer cancel()
				in, loggedIn := context.WithTimeout(context.WithoutCancel(ctx), test.login)
				defer loggedIn()
				sent, underWay := false, false
				server := inmemory.Server(func(request *http.Request) any {
					sent, underWay = true, true
					select {
					case <-time.After(test.end):
					case <-request.Context().Done():
						<-time.After(time.Second)
					}
					underWay = false
					return nil
				})
				transport := &beforeLogin{slowLogin{afterLogin{server}, in.Done()}}
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://cluster.example.com", strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				response, err := transport.RoundTrip(request)
				if took := time.Since(began); took != test.want || underWay {
					t.Errorf("it took %s, the request is under way: %t", took, underWay)
				}
				if test.err != errors.Is(err, interrupted) || test.err != (response == nil) {
					t.Errorf("got %v, %v", response, err)
				}
				<-time.After(time.Hour)
				if sent != test.sent {
					t.Errorf("the request was sent: %t", sent)
				}
			})
		})
	}
}

// TestNoLogin costs nothing where nothing gets credentials.
func TestNoLogin(t *testing.T) {
	transport, err := interruptible(&rest.Config{Host: "http://cluster.example.com"})
	if _, is := transport.(*beforeLogin); is || err != nil {
		t.Errorf("the transport is %T, %v", transport, err)
	}
}
