// Package e2e runs the program as its users do, with the real kubectl, on real
// control planes. `make e2e` builds what it needs and names it in TOOLS (the
// folder of the control plane's binaries), PLUGIN (the program) and
// RACE_PLUGIN (the program with the race detector in it, which is too slow for
// all of the tests).
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
// the test.
func startCluster(t *testing.T, name string) *cluster.Cluster {
	t.Helper()
	control := cluster.New(tools, clusters, fmt.Sprintf("%s-%d", name, started.Add(1)))
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

// shared is a control plane for tests that leave others undisturbed: each
// works in namespaces of its own.
var shared = struct {
	once    sync.Once
	control *cluster.Cluster
}{}

func sharedCluster(t *testing.T) *cluster.Cluster {
	t.Helper()
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
