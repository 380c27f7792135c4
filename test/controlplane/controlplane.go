// Package controlplane gives tests real control planes: a shared one, on which
// each test works in namespaces of its own, or one for a single test.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/played"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

const (
	// nodes is how many nodes a control plane has.
	nodes = 3
	// garbage has API servers, which compute for most of a run, spend less of
	// that on collecting it.
	garbage = 200
)

// plane is a shared control plane. One test has it at a time.
type plane struct {
	start, install sync.Once
	control        *cluster.Cluster
	endIstiod      func()
}

var (
	// folder is where the files of all control planes of this run are.
	folder string
	// started counts control planes: client-go remembers certificates by the
	// path of their file, so none may live where another one has.
	started atomic.Int32
	// starting is held while a control plane starts, which keeps two processors
	// busy: beside each other they would start no sooner, and each so slowly
	// that parts of it give up.
	starting sync.Mutex
	// planes are the shared control planes, as many as keep two processors busy
	// beside those that tests have to themselves.
	planes = newPool(&plane{}, &plane{})
	// slots are for control planes beside the shared ones. Most of the time
	// their tests wait.
	slots = newPool(1, 2, 3)
)

// Main runs the tests of a package and then stops the shared control planes.
func Main(m *testing.M) (code int, err error) {
	if folder, err = os.MkdirTemp("", "istio-demo-e2e"); err != nil {
		return 1, err
	}
	code = m.Run()
	for _, shared := range planes.all {
		if shared.control != nil {
			shared.endIstiod()
			err = errors.Join(err, shared.control.Stop(context.Background()))
		}
	}
	return code, errors.Join(err, os.RemoveAll(folder))
}

// Start starts a control plane that stops with the test. Tests that have one
// are parallel as far as Go is concerned; how many run is decided here.
func Start(t *testing.T, name string) *cluster.Cluster {
	t.Helper()
	return StartFrom(t, user.Tools, name)
}

// StartFrom starts a control plane from the binaries in a folder.
func StartFrom(t *testing.T, binaries, name string) *cluster.Cluster {
	t.Helper()
	slots.borrow(t, t.Name())
	control := newCluster(binaries, name)
	t.Cleanup(func() {
		if err := control.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	start(t, control)
	t.Cleanup(playIstiod(t, control))
	return control
}

func newCluster(binaries, name string) *cluster.Cluster {
	control := cluster.New(binaries, folder, fmt.Sprintf("%s-%d", name, started.Add(1)))
	control.Garbage = garbage
	return control
}

func start(t *testing.T, control *cluster.Cluster) {
	t.Helper()
	starting.Lock()
	defer starting.Unlock()
	if err := control.Start(t.Context(), nodes); err != nil {
		t.Fatal(err)
	}
}

// playIstiod writes what the simulated istiod does not.
func playIstiod(t *testing.T, control *cluster.Cluster) (end func()) {
	t.Helper()
	end, err := played.Istiod(control.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// borrow waits for a shared control plane, which a test and its subtests have
// until the test ends.
func borrow(t *testing.T) *plane {
	t.Helper()
	root, _, isSubtest := strings.Cut(t.Name(), "/")
	if !isSubtest && !planes.has(root) {
		t.Parallel()
	}
	if isSubtest && !planes.has(root) {
		t.Fatal("the test itself has to ask for the shared control plane first")
	}
	return planes.borrow(t, root)
}

// Shared is a control plane that tests use one after the other.
func Shared(t *testing.T) *cluster.Cluster {
	t.Helper()
	shared := borrow(t)
	shared.start.Do(func() {
		control := newCluster(user.Tools, "shared")
		start(t, control)
		shared.control, shared.endIstiod = control, playIstiod(t, control)
	})
	if shared.control == nil {
		t.Fatal("the shared control plane did not start")
	}
	return shared.control
}

// SharedDemo is a user of a shared control plane with the demo on it.
func SharedDemo(t *testing.T) *user.User {
	t.Helper()
	u := user.New(t, Shared(t).Kubeconfig)
	borrow(t).install.Do(func() { u.Must(t, "kubectl", "istio-demo", "install", "--addons=none") })
	return u
}

// RESTConfig reads a kubeconfig.
func RESTConfig(t *testing.T, kubeconfig string) *rest.Config {
	t.Helper()
	config, err := cluster.RESTConfig(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return config
}
