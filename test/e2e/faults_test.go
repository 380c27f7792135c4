package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// faulty makes a recorder that spoils one request in five, in the ways in
// which networks and busy servers do. The same seed spoils the same share.
func faulty(t *testing.T, kubeconfig string, seed uint64) *recorder {
	t.Helper()
	r := newRecorder(t, kubeconfig)
	var mutex sync.Mutex
	random := rand.New(rand.NewPCG(seed, seed))
	r.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		mutex.Lock()
		fate := random.IntN(20)
		mutex.Unlock()
		switch fate {
		case 0: // too busy, and says when to come back
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2: // the connection breaks before the request gets through
			panic(http.ErrAbortHandler)
		case 3: // the request is executed and its answer lost
			if request.URL.Query().Get("watch") == "" { // a watch's has no end
				forward.ServeHTTP(discard{http.Header{}}, request)
			}
			panic(http.ErrAbortHandler)
		default:
			forward.ServeHTTP(w, request)
		}
	}
	return r
}

// discard takes an answer and forgets it.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }
func (d discard) WriteHeader(int)             {}

// TestFaults installs through a network that loses one request in five: every
// install ends complete, and equal to an undisturbed one.
func TestFaults(t *testing.T) {
	undisturbed := startCluster(t, "undisturbed")
	newUser(t, undisturbed.Kubeconfig).must(t, "kubectl", "istio-demo", "install")
	want := snapshot(t, undisturbed.Kubeconfig)
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			control := startCluster(t, fmt.Sprintf("faults%d", seed))
			before := snapshot(t, control.Kubeconfig)
			u := newUser(t, faulty(t, control.Kubeconfig, seed).kubeconfig)
			got := u.run(t, "kubectl", "istio-demo", "install", "--wait", "-o", "name")
			if got.code != 0 || !strings.Contains(got.stderr, "; trying again") {
				t.Fatalf("exit code %d\n%s", got.code, got.stderr)
			}
			after := snapshot(t, control.Kubeconfig)
			for key := range before {
				delete(after, key)
				delete(want, key)
			}
			for _, difference := range compare(want, after) {
				t.Error(difference)
			}
		})
	}
}
