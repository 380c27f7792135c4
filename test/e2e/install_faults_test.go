package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestFaults installs through a network that spoils one request in five: every
// install ends complete, and equal to an undisturbed one.
func TestFaults(t *testing.T) {
	t.Parallel()
	installUndisturbed(t)
	var tally tally
	t.Run("install", func(t *testing.T) {
		for seed := range times(t, 3, 50) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				control := startCluster(t, "faults")
				proxy := newFaultProxy(t, control.Kubeconfig, uint64(seed), 0.2)
				got := newUser(t, proxy.kubeconfig).run(t, "kubectl", "istio-demo", "install", "--addons=none")
				if got.code != 0 || !strings.Contains(got.stderr, "; trying again") {
					t.Fatalf("exit code %d\n%s", got.code, got.stderr)
				}
				if strings.Count(got.stdout, "Running") != 3 {
					t.Errorf("it shows\n%s%s", got.stdout, got.stderr)
				}
				t.Log(summary(got.stderr))
				wantUndisturbed(t, control)
				tally.add(proxy)
			})
		}
	})
	tally.wantAll(t)
}

// tally counts the faults of several runs.
type tally struct {
	mutex    sync.Mutex
	requests int
	counts   map[fault]int
}

// add counts what a proxy has done.
func (a *tally) add(proxy *faultProxy) {
	requests, _ := proxy.take()
	proxy.mutex.Lock()
	defer proxy.mutex.Unlock()
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.counts == nil {
		a.counts = map[fault]int{}
	}
	a.requests += len(requests)
	for kind, count := range proxy.counts {
		a.counts[kind] += count
	}
}

// wantAll wants each kind of fault to have happened.
func (a *tally) wantAll(t *testing.T) {
	t.Helper()
	t.Logf("%d requests, of which were spoiled: %v", a.requests, a.counts)
	for _, kind := range append([]fault{cut}, drawn...) {
		if a.counts[kind] == 0 && !t.Failed() {
			t.Errorf("no request had the fault %q", kind)
		}
	}
}
