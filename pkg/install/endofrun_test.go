package install

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// reluctant is a server that does not answer some requests, and they take a
// second to end when they are given up.
type reluctant struct {
	holds    func(*http.Request) bool
	underWay atomic.Int32
	held     chan struct{}
}

func (r *reluctant) answer(request *http.Request) any {
	r.underWay.Add(1)
	defer r.underWay.Add(-1)
	if r.holds(request) {
		select {
		case r.held <- struct{}{}:
		default:
		}
		<-request.Context().Done()
		<-time.After(time.Second)
	}
	return inmemory.Empty(request)
}

// TestNothingIsLeft has use cases end in the middle of requests: none is under
// way when they return.
func TestNothingIsLeft(t *testing.T) {
	faulty := errors.New("line 2")
	ofInventory := func(request *http.Request) bool { return inmemory.Last(request) == "istio-demo" }
	ofObject := func(request *http.Request) bool { return inmemory.Last(request) == "a" }
	for _, test := range []struct {
		name  string
		holds func(*http.Request) bool
		// read is what Read gives; interrupted is set where the context ends once a
		// request is held.
		read        error
		interrupted bool
	}{
		{"a faulty manifest", ofInventory, faulty, false},
		{"the inventory", ofInventory, nil, true},
		{"an object", ofObject, nil, true},
	} {
		for name, run := range map[string]func(context.Context, *Install) error{
			"run":   func(ctx context.Context, i *Install) error { _, err := i.Run(ctx); return err },
			"diff":  func(ctx context.Context, i *Install) error { _, err := i.Diff(ctx); return err },
			"check": func(ctx context.Context, i *Install) error { _, err := checkOf(i).Run(ctx); return err },
		} {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := &reluctant{holds: test.holds, held: make(chan struct{}, 1)}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					install := &Install{Cluster: connect(t, server.answer), Namespace: manifest.Namespace{Name: "mesh"}, Skip: skipAll()}
					install.Read = func(ctx context.Context) (manifest.Manifest, error) {
						if test.read != nil {
							<-server.held
							return manifest.Manifest{}, test.read
						}
						return configMaps(t, "a", "b")(ctx)
					}
					if test.interrupted {
						go func() {
							<-server.held
							cancel()
						}()
					}
					err := run(ctx, install)
					if n := server.underWay.Load(); n > 0 {
						t.Errorf("%d requests are under way", n)
					}
					if test.read != nil && !errors.Is(err, test.read) || test.interrupted && !errors.Is(err, context.Canceled) {
						t.Errorf("the error is %v", err)
					}
				})
			})
		}
	}
}

func checkOf(install *Install) *Check {
	return &Check{Read: install.Read, Cluster: install.Cluster, Namespace: install.Namespace, Skip: install.Skip, Sink: event.Discard}
}
