// Package e2e runs the program as its users do, with the real kubectl, on real
// control planes. `make e2e` builds what it needs and names it in TOOLS (the
// folder of the control plane's binaries), OLDEST (that of the oldest control
// plane), ISTIOD (pilot-discovery), PLUGIN (the program) and RACE_PLUGIN (the
// program with the race detector in it, which is too slow for all of the
// tests).
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

var (
	tools  = os.Getenv("TOOLS")
	plugin = os.Getenv("PLUGIN")
	racing = os.Getenv("RACE_PLUGIN")
	// clusters is the folder of all control planes of this run.
	clusters string
)

func TestMain(m *testing.M) {
	cluster.Keep()
	if tools == "" || plugin == "" || racing == "" {
		fmt.Fprintln(os.Stderr, "TOOLS, PLUGIN and RACE_PLUGIN are not set: run make e2e")
		os.Exit(1)
	}
	var err error
	if clusters, err = os.MkdirTemp("", "istio-demo-e2e"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if shared.control != nil {
		if err := shared.control.Stop(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.RemoveAll(clusters)
	os.Exit(code)
}

// started counts control planes: client-go remembers certificates by the path
// of their file, so none may live where another one has.
var started atomic.Int32

// startCluster starts a fresh control plane with three nodes, which ends with
// the test. A few run beside each other, and beside the shared one: what tests
// do most of the time is wait. Tests that have one are parallel, as far as Go
// is concerned; how many really run is decided here.
func startCluster(t *testing.T, name string) *cluster.Cluster {
	t.Helper()
	return startClusterOf(t, tools, name, processes{})
}

// processes are those of pods that really run: istiod, and the folder of what
// observes it. Without them all pods are played.
type processes struct{ istiod, observers string }

// startClusterOf starts one of the binaries in a folder, with the network that
// the processes need.
func startClusterOf(t *testing.T, binaries, name string, processes processes) *cluster.Cluster {
	t.Helper()
	if processes.istiod == "" {
		slots.take(t) // a mesh mostly waits, and takes longest: it begins at once
	}
	control := cluster.New(binaries, clusters, fmt.Sprintf("%s-%d", name, started.Add(1)))
	control.Istiod, control.Observers = processes.istiod, processes.observers
	t.Cleanup(func() {
		if err := control.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := control.Start(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	return control
}

// slots are for the control planes beside the shared one.
var slots = &places{free: make(chan struct{}, 2), taken: map[string]bool{}}

// places are given to tests, one to each, however often it asks.
type places struct {
	free  chan struct{}
	mutex sync.Mutex
	taken map[string]bool
}

// take waits for a place, which is given back when the test ends.
func (p *places) take(t *testing.T) {
	t.Helper()
	if !p.first(t.Name()) {
		return
	}
	p.free <- struct{}{}
	t.Cleanup(func() { <-p.free })
}

// first tells whether a test asks for the first time.
func (p *places) first(name string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	asked := p.taken[name]
	p.taken[name] = true
	return !asked
}

// turn has the tests of the shared control plane run one after the other, and
// beside those that have one of their own.
var turn = &places{free: make(chan struct{}, 1), taken: map[string]bool{}}

// shared is a control plane for tests that leave others undisturbed: each
// works in namespaces of its own.
var shared = struct {
	once    sync.Once
	control *cluster.Cluster
}{}

func sharedCluster(t *testing.T) *cluster.Cluster {
	t.Helper()
	if root, _, isSub := strings.Cut(t.Name(), "/"); !isSub && turn.first(root) {
		t.Parallel()
		turn.free <- struct{}{}
		t.Cleanup(func() { <-turn.free })
	}
	shared.once.Do(func() {
		control := cluster.New(tools, clusters, "shared")
		if err := control.Start(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		shared.control = control
	})
	if shared.control == nil {
		t.Fatal("the shared cluster did not start")
	}
	return shared.control
}

// installed is the shared control plane with the demo on it.
var installed sync.Once

func sharedDemo(t *testing.T) *user {
	t.Helper()
	u := newUser(t, sharedCluster(t).Kubeconfig)
	installed.Do(func() { u.must(t, "kubectl", "istio-demo", "install", "--addons=none") })
	return u
}

// write writes a file of the test's and gives its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
