package e2e

import (
	"bufio"
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

// TestRestartedServer kills the API server in the middle of an install and
// starts it again.
//
// It is not killed right after the CRDs are stored: an API server that dies
// between accepting a CRD's names and establishing it does not establish it
// after a restart, until somebody changes the CRD. It looks at updates only,
// and not at what was there when it started
// (apiextensions-apiserver/pkg/apiserver, updateCustomResourceDefinition).
func TestRestartedServer(t *testing.T) {
	for _, moment := range []string{"  checks passed", "  [2/5]", "  [3/5]", "  waiting for"} {
		t.Run(strings.Trim(moment, " []"), func(t *testing.T) {
			control := startCluster(t, "restarted"+fmt.Sprint(len(moment), moment[3]))
			u := newUser(t, control.Kubeconfig)
			command := u.command(t, "kubectl-istio_demo", "install")
			stderr, err := command.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			var said []string
			for lines := bufio.NewScanner(stderr); lines.Scan(); {
				said = append(said, lines.Text())
				if strings.HasPrefix(lines.Text(), moment) {
					if err := control.Restart("kube-apiserver"); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := command.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, strings.Join(said, "\n"))
			}
			again := u.run(t, "kubectl", "istio-demo", "install")
			if again.code != 0 || !strings.HasPrefix(summary(again.stderr), "0 created, 0 configured, 46 unchanged") {
				t.Errorf("a second install: exit code %d\n%s", again.code, again.stderr)
			}
		})
	}
}
