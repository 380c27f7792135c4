package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// fault is a way in which networks and busy servers spoil a request.
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
	// slow lets the request wait.
	slow fault = "slow"
	// cut ends a watch in the middle.
	cut fault = "cut watch"
)

// drawn are the faults that lots are drawn among.
var drawn = []fault{busy, unavailable, reset, lost, slow}

const (
	// slowness is how long a slow request waits.
	slowness = 300 * time.Millisecond
	// watchTime is how long a watch lasts that is cut: the first events have
	// come by then.
	watchTime = 100 * time.Millisecond
)

// faultProxy is a recorder that spoils some of the requests. Every second
// watch is cut, because there are too few of them to draw lots.
type faultProxy struct {
	*recorder
	rate float64

	mutex   sync.Mutex
	random  *rand.Rand
	watches int
	counts  map[fault]int
}

// newFaultProxy makes a proxy that spoils a share of the requests, 0 to 1. The
// same seed draws the same lots.
func newFaultProxy(t *testing.T, kubeconfig string, seed uint64, rate float64) *faultProxy {
	t.Helper()
	p := &faultProxy{
		recorder: newRecorder(t, kubeconfig),
		rate:     rate,
		random:   rand.New(rand.NewPCG(seed, seed)),
		counts:   map[fault]int{},
	}
	p.spoil = p.serve
	return p
}

// draw tells what becomes of the next request: nothing, mostly.
func (p *faultProxy) draw(watch bool) fault {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	hit, which := p.random.Float64() < p.rate, drawn[p.random.IntN(len(drawn))]
	if watch {
		p.watches++
	}
	switch {
	case watch && p.watches%2 == 1, watch && hit && which == lost: // no watch ends by itself
		hit, which = true, cut
	case !hit:
		return ""
	}
	p.counts[which]++
	return which
}

func (p *faultProxy) serve(w http.ResponseWriter, request *http.Request, forward http.Handler) {
	switch p.draw(isWatch(request)) {
	case busy:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	case reset:
		hangUp(w)
	case lost:
		forward.ServeHTTP(discard{http.Header{}}, request)
		panic(http.ErrAbortHandler)
	case slow:
		delay(request.Context(), slowness)
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

func isWatch(request *http.Request) bool { return request.URL.Query().Get("watch") != "" }

// hangUp has the client see a reset, and not an end.
func hangUp(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(fmt.Sprintf("a test's server always hijacks: %v", err))
	}
	_ = connection.(*net.TCPConn).SetLinger(0)
	_ = connection.Close()
}

// delay lets time pass, but no longer than somebody waits for the answer.
func delay(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// discard takes an answer and forgets it.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }
func (d discard) WriteHeader(int)             {}
