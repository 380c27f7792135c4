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
	for _, plane := range shared {
		if plane.control == nil {
			continue
		}
		if err := plane.control.Stop(context.Background()); err != nil {
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

// garbage has API servers, which compute for most of a run, spend less of that
// on collecting it.
const garbage = 200

// starting is held while a control plane starts, which keeps both processors
// busy: beside each other they would start no sooner, and each so slowly that
// parts of it give up.
var starting sync.Mutex

// start starts a control plane with three nodes.
func start(t *testing.T, control *cluster.Cluster) {
	t.Helper()
	starting.Lock()
	defer starting.Unlock()
	if err := control.Start(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
}

// startCluster starts a fresh control plane with three nodes, which ends with
// the test. A few run beside each other, and beside the shared ones: what tests
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
	control.Istiod, control.Observers, control.Garbage = processes.istiod, processes.observers, garbage
	t.Cleanup(func() {
		if err := control.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	start(t, control)
	return control
}

// slots are for the control planes beside the shared ones.
var slots = &places{free: make(chan struct{}, 3), taken: map[string]bool{}}

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

// sharedPlane is a control plane for tests that leave others undisturbed: each
// works in namespaces of its own. One test has it at a time.
type sharedPlane struct {
	number  int
	start   sync.Once
	control *cluster.Cluster
	// install is for the demo on it.
	install sync.Once
}

// shared are as many as keep two processors busy, beside the control planes that
// tests have to themselves.
var shared = []*sharedPlane{{number: 1}, {number: 2}}

// lent knows which test has which of them.
var lent = struct {
	free  chan *sharedPlane
	mutex sync.Mutex
	to    map[string]*sharedPlane
}{free: make(chan *sharedPlane, len(shared)), to: map[string]*sharedPlane{}}

func init() {
	for _, plane := range shared {
		lent.free <- plane
	}
}

// borrow waits for a shared control plane and gives it to a test and its
// subtests, until it ends.
func borrow(t *testing.T) *sharedPlane {
	t.Helper()
	root, _, isSub := strings.Cut(t.Name(), "/")
	lent.mutex.Lock()
	plane := lent.to[root]
	lent.mutex.Unlock()
	if plane != nil {
		return plane
	}
	if isSub {
		t.Fatal("the test itself has to ask for the shared cluster first")
	}
	t.Parallel()
	plane = <-lent.free
	lend := func(to *sharedPlane) {
		lent.mutex.Lock()
		defer lent.mutex.Unlock()
		lent.to[root] = to
	}
	lend(plane)
	t.Cleanup(func() {
		lend(nil)
		lent.free <- plane
	})
	return plane
}

// sharedCluster is the same one for all that a test asks for it.
func sharedCluster(t *testing.T) *cluster.Cluster {
	t.Helper()
	plane := borrow(t)
	plane.start.Do(func() {
		control := cluster.New(tools, clusters, fmt.Sprintf("shared-%d", plane.number))
		control.Garbage = garbage
		start(t, control)
		plane.control = control
	})
	if plane.control == nil {
		t.Fatal("the shared cluster did not start")
	}
	return plane.control
}

// sharedDemo has the demo on it.
func sharedDemo(t *testing.T) *user {
	t.Helper()
	u := newUser(t, sharedCluster(t).Kubeconfig)
	borrow(t).install.Do(func() { u.must(t, "kubectl", "istio-demo", "install", "--addons=none") })
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
