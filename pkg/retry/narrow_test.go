package retry

import (
	"io"
	"net/http"
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

// TestNarrow has a server take all requests that is too narrow for them: those
// that it refuses come back spread over time, and not all at the same moment.
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
			if most := needed + needed/2 + 5*time.Second; took > most {
				t.Errorf("%d seats: it takes %v, want at most %v", seats, took, most)
			}
		})
	}
}
