// Package mesh runs the program as its users do, with the real kubectl, on a
// real node: the kubelet and containerd run the containers of Istio, the addons
// and the samples, and requests go through Envoy. `make mesh` builds what it
// needs and names it in TOOLS (the folder of the control plane's binaries),
// CONTAINERD, IMAGES and PLUGIN (the program). Envoy is not Istio's own build:
// see what is real in test/README.md.
package mesh

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/node"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

var (
	programs = node.Programs{Kubernetes: user.Tools, Containerd: os.Getenv("CONTAINERD"), Images: os.Getenv("IMAGES")}
	// folder is where the files of all clusters of this run are.
	folder string
	// started counts clusters, so that none has the files of another one.
	started atomic.Int32
	// room is for the clusters that run at once: with more of them on two cores,
	// pods take longer to start than people would wait.
	room = make(chan struct{}, 2)
)

func TestMain(m *testing.M) {
	node.Keep()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if programs.Kubernetes == "" || programs.Containerd == "" || programs.Images == "" || user.Plugin == "" {
		return 1, errors.New("TOOLS, CONTAINERD, IMAGES and PLUGIN are not set: run make mesh")
	}
	if folder, err = os.MkdirTemp("", "istio-demo-mesh"); err != nil {
		return 1, err
	}
	code = m.Run()
	return code, os.RemoveAll(folder)
}

// mesh is a cluster with a real node, and somebody who uses it.
type mesh struct {
	*user.User
	node *node.Node
}

// startMesh starts one that ends with the test, or skips the test where none
// can be. Images are pulled at a rate in MB/s; 0 sets no limit.
func startMesh(t *testing.T, rate float64, settings ...func(*node.Node)) mesh {
	t.Helper()
	if err := node.Missing(); err != nil {
		t.Skip(err)
	}
	if played, err := os.ReadFile(filepath.Join(programs.Images, "played")); err != nil || len(played) > 0 {
		t.Skipf("images are only played: %v%s", err, played)
	}
	room <- struct{}{}
	t.Cleanup(func() { <-room })
	n := node.New(programs, folder, fmt.Sprintf("node-%d", started.Add(1)))
	n.Rate = rate
	for _, set := range settings {
		set(n)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := mesh{user.New(t, n.Kubeconfig), n}
	m.Must(t, "kubectl", "rollout", "status", "deployment/coredns", "-n", "kube-system", "--timeout=90s")
	return m
}

// step is a part of a test that goes on from those before it.
type step struct {
	name string
	run  func(*testing.T, mesh)
}

func (m mesh) steps(t *testing.T, steps []step) {
	t.Helper()
	for _, step := range steps {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, m) }) {
			t.Fatalf("the steps after %q need it", step.name)
		}
	}
}

// stockEnvoy is what an installation needs because the proxies here are no
// builds of Istio's: they lack the filters of its statistics.
var stockEnvoy = []string{"--set=pilot.env.PILOT_ENABLE_METADATA_EXCHANGE=false", "--set=pilot.env.PILOT_ENABLE_ALPN_FILTER=false", "--set=telemetry.v2.prometheus.enabled=false"}

// install runs the command with what a stock Envoy needs.
func (m mesh) install(t *testing.T, arguments ...string) user.Result {
	t.Helper()
	return m.Run(t, append(append([]string{"kubectl", "istio-demo", "install"}, stockEnvoy...), arguments...)...)
}

// mustInstall is an install that has to succeed.
func (m mesh) mustInstall(t *testing.T, arguments ...string) {
	t.Helper()
	if got := m.install(t, arguments...); got.Code != 0 {
		t.Fatalf("install %s: exit code %d\n%s%s\n%s", strings.Join(arguments, " "), got.Code, got.Stdout, got.Stderr, m.pods(t))
	}
}

// pods describes what happens on the node, for those who read why a test failed.
func (m mesh) pods(t *testing.T) string {
	t.Helper()
	return m.Run(t, "kubectl", "get", "pods", "-A", "-o", "wide").Stdout + m.Run(t, "kubectl", "get", "events", "-A", "--field-selector=type=Warning").Stdout
}
