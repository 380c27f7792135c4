package apiproxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// fault is a way in which networks and busy servers fail.
type fault string

const (
	// busy answers 429, and says when to come back.
	busy fault = "429"
	// unavailable answers 503, and does not.
	unavailable fault = "503"
	// reset breaks the connection before the request gets through.
	reset fault = "reset"
	// lost has the request executed, and breaks the connection then.
	lost fault = "lost answer"
	// slow delays the request.
	slow fault = "slow"
	// cut ends a watch in the middle.
	cut fault = "cut watch"
)

// drawn are the faults of requests, each as probable as the others.
var drawn = []fault{busy, unavailable, reset, lost, slow}

const (
	// slowness is how long a slow request waits.
	slowness = 300 * time.Millisecond
	// watchTime is how long a watch lasts that is cut: the first events have
	// come by then.
	watchTime = 100 * time.Millisecond
)

// Faulty is a proxy on which a share of the requests fails. Every second watch
// is cut, because there are too few of them to draw.
type Faulty struct {
	*Proxy
	rate float64

	mutex   sync.Mutex
	random  *rand.Rand
	watches int
	counts  map[fault]int
}

// NewFaulty opens a proxy on which a share of the requests fails, 0 to 1. With
// the same seed they are the same.
func NewFaulty(t *testing.T, kubeconfig string, seed uint64, rate float64) *Faulty {
	t.Helper()
	f := &Faulty{Proxy: New(t, kubeconfig), rate: rate, random: rand.New(rand.NewPCG(seed, seed)), counts: map[fault]int{}}
	f.Intercept = f.serve
	return f
}

// draw says how the next request fails: mostly it does not.
func (f *Faulty) draw(watch bool) fault {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	hit, which := f.random.Float64() < f.rate, drawn[f.random.IntN(len(drawn))]
	if watch {
		f.watches++
	}
	switch {
	case watch && f.watches%2 == 1, watch && hit && which == lost: // no watch ends by itself
		hit, which = true, cut
	case !hit:
		return ""
	}
	f.counts[which]++
	return which
}

func (f *Faulty) serve(w http.ResponseWriter, request *http.Request, forward http.Handler) {
	switch f.draw(IsWatch(request)) {
	case busy:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	case reset:
		hangUp(w)
	case lost:
		Execute(request, forward)
		panic(http.ErrAbortHandler)
	case slow:
		select {
		case <-time.After(slowness):
		case <-request.Context().Done():
		}
		forward.ServeHTTP(w, request)
	case cut:
		ctx, cancel := context.WithTimeout(request.Context(), watchTime)
		defer cancel()
		forward.ServeHTTP(w, request.WithContext(ctx))
		panic(http.ErrAbortHandler)
	default:
		forward.ServeHTTP(w, request)
	}
}

// hangUp has the client see a reset, and not an end.
func hangUp(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(fmt.Sprintf("a test's server always hijacks: %v", err))
	}
	_ = connection.(*net.TCPConn).SetLinger(0)
	_ = connection.Close()
}

// Tally counts the faults of several proxies.
type Tally struct {
	mutex    sync.Mutex
	requests int
	counts   map[fault]int
}

// Add adds those of a proxy.
func (t *Tally) Add(proxy *Faulty) {
	requests, _ := proxy.Drain()
	proxy.mutex.Lock()
	defer proxy.mutex.Unlock()
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.counts == nil {
		t.counts = map[fault]int{}
	}
	t.requests += len(requests)
	for kind, count := range proxy.counts {
		t.counts[kind] += count
	}
}

// WantAll fails the test unless there was each kind of fault.
func (t *Tally) WantAll(test *testing.T) {
	test.Helper()
	test.Logf("%d requests, of which failed: %v", t.requests, t.counts)
	for _, kind := range append([]fault{cut}, drawn...) {
		if t.counts[kind] == 0 && !test.Failed() {
			test.Errorf("no request had the fault %q", kind)
		}
	}
}
