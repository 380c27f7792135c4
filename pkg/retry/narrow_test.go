package retry

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// narrow is a server that takes so many requests at a time, and refuses all
// that are too many.
type narrow struct {
	mutex                         sync.Mutex
	seats, taken, served, refused int
}

// A request takes a while, and a refusal the way there and back.
const (
	serviceTime = 10 * time.Millisecond
	refusalTime = time.Millisecond
)

func (n *narrow) RoundTrip(*http.Request) (*http.Response, error) {
	n.mutex.Lock()
	full := n.taken >= n.seats
	if full {
		n.refused++
	} else {
		n.taken++
	}
	n.mutex.Unlock()
	if full {
		time.Sleep(refusalTime)
		return status(http.StatusTooManyRequests, "Retry-After", "1")()
	}
	time.Sleep(serviceTime)
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.taken--
	n.served++
	return status(http.StatusOK)()
}

// sendAll sends so many requests at once, and gives how many were answered
// otherwise than with 200.
func sendAll(t *testing.T, through http.RoundTripper, method string, count int) (failed int) {
	t.Helper()
	var group sync.WaitGroup
	var mutex sync.Mutex
	for range count {
		group.Go(func() {
			request, err := http.NewRequestWithContext(t.Context(), method, "https://server/api/v1/pods", http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			response, err := through.RoundTrip(request)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil || response.StatusCode != http.StatusOK {
				failed++
				return
			}
			if body, err := io.ReadAll(response.Body); string(body) != "body" || err != nil {
				t.Errorf("the answer is %q, %v", body, err)
			}
			response.Body.Close()
		})
	}
	group.Wait()
	return failed
}

// TestNarrow has a server take all requests that is too narrow for them, in
// about the time that it needs.
func TestNarrow(t *testing.T) {
	for _, seats := range []int{1, 3, 20} {
		synctest.Test(t, func(t *testing.T) {
			const requests = 1000
			server := &narrow{seats: seats}
			transport := &Transport{Next: server}
			began := time.Now()
			failed := sendAll(t, transport, http.MethodGet, requests)
			took, needed := time.Since(began), requests/time.Duration(seats)*serviceTime
			t.Logf("%d seats: %d refused, %v for what takes %v", seats, server.refused, took, needed)
			if failed > 0 || server.served != requests {
				t.Errorf("%d seats: %d failed, %d were served", seats, failed, server.served)
			}
			// At first nobody knows; then one in 32 tries whether there is room.
			if most := requests + 3*requests/proven; server.refused > most {
				t.Errorf("%d seats: %d requests were refused, want at most %d", seats, server.refused, most)
			}
			if most := needed + needed/2 + 5*time.Second; took > most {
				t.Errorf("%d seats: it takes %v, want at most %v", seats, took, most)
			}
		})
	}
}

// TestGateOpens lets as many through as before when the server has room again.
func TestGateOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &narrow{seats: 2}
		transport := &Transport{Next: server}
		sendAll(t, transport, http.MethodGet, 50)
		if limit := transport.gate.limit; limit < 1 || limit > 4 {
			t.Errorf("with 2 seats, %d are let through", limit)
		}
		server.seats = 1000
		server.refused = 0
		sendAll(t, transport, http.MethodGet, 300)
		if server.refused > 0 || transport.gate.limit != 0 {
			t.Errorf("%d were refused, and the limit is %d", server.refused, transport.gate.limit)
		}
		began := time.Now()
		sendAll(t, transport, http.MethodGet, 500)
		if took := time.Since(began); took != serviceTime {
			t.Errorf("500 requests took %v, want them all at once", took)
		}
		if under, waiting := transport.gate.under, len(transport.gate.queue); under != 0 || waiting != 0 {
			t.Errorf("%d are under way and %d wait in the end", under, waiting)
		}
	})
}

// TestGateUnsafe holds back what is sent once only, too.
func TestGateUnsafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &narrow{seats: 3}
		transport := &Transport{Next: server}
		if failed := sendAll(t, transport, http.MethodPost, 30); failed != 27 {
			t.Errorf("of 30 at once %d were refused, want 27", failed)
		}
		if failed := sendAll(t, transport, http.MethodPost, 20); failed != 0 {
			t.Errorf("then %d were refused", failed)
		}
	})
}

// TestGateFlows lets through what may last for ever.
func TestGateFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &Transport{Next: &server{answers: []func() (*http.Response, error){status(http.StatusOK)}}}
		transport.gate.limit, transport.gate.under = 1, 1
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://server/api/v1/pods?watch=true", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", response, err)
		}
		response.Body.Close()
		if transport.gate.under != 1 {
			t.Errorf("%d are under way", transport.gate.under)
		}
	})
}

// TestGateTells tells of refusals, and not of what is held back.
func TestGateTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mutex sync.Mutex
		told := 0
		server := &narrow{seats: 3}
		transport := &Transport{Next: server, Tell: func(reason string) {
			mutex.Lock()
			defer mutex.Unlock()
			if told++; !strings.Contains(reason, "429 Too Many Requests") {
				t.Errorf("it tells %q", reason)
			}
		}}
		sendAll(t, transport, http.MethodGet, 100)
		if told != server.refused {
			t.Errorf("it tells %d times of %d refusals", told, server.refused)
		}
	})
}

// unsteady turns away one request in ten, whatever else it does.
type unsteady struct {
	mutex sync.Mutex
	draw  *rand.Rand
}

func (u *unsteady) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(10 * serviceTime)
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.draw.Float64() < 0.1 {
		return status(http.StatusTooManyRequests)()
	}
	return status(http.StatusOK)()
}

// TestGateUnsteady holds nothing back where refusals have nothing to do with how
// many requests there are.
func TestGateUnsteady(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			transport := &Transport{Next: &unsteady{draw: rand.New(rand.NewPCG(seed, seed))}}
			began := time.Now()
			for range 12 {
				if failed := sendAll(t, transport, http.MethodGet, 80); failed > 0 {
					t.Errorf("%d failed", failed)
				}
			}
			if took := time.Since(began); took > 12*time.Second {
				t.Errorf("12 times 80 requests took %v", took)
			}
		})
	}
}

// TestGateVanished has all wait side by side for a server that has gone after it
// had refused many.
func TestGateVanished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const dialing = 30 * time.Second
		transport := &Transport{Next: silent(dialing)}
		transport.answered.Store(true)
		transport.gate.limit, transport.gate.step = 1, 1
		began := time.Now()
		if failed := sendAll(t, transport, http.MethodGet, 80); failed != 80 {
			t.Errorf("%d failed", failed)
		}
		if took := time.Since(began); took > outage+2*dialing {
			t.Errorf("it took %v", took)
		}
	})
}

// silent is a server that nothing comes back from for so long.
type silent time.Duration

func (s silent) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(time.Duration(s))
	return nil, late
}

// TestGateClosesBody closes the body of what it does not send.
func TestGateClosesBody(t *testing.T) {
	transport := &Transport{}
	transport.gate.limit, transport.gate.under = 1, 1
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body := &closing{Reader: strings.NewReader("{}")}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://server/api/v1/pods", body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transport.RoundTrip(request); !errors.Is(err, context.Canceled) || !body.closed {
		t.Errorf("it gives %v; the body is closed: %v", err, body.closed)
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}
