package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestClusterRestartsControllers has the controllers end once, a while after they
// were started, as they do when the API server is slow to become healthy: a
// cluster is not said to run without them.
func TestClusterRestartsControllers(t *testing.T) {
	t.Parallel()
	binaries := t.TempDir()
	entries, err := os.ReadDir(user.Tools)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() == "kube-controller-manager" {
			continue
		}
		if err := os.Symlink(filepath.Join(user.Tools, entry.Name()), filepath.Join(binaries, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	gaveUp := filepath.Join(binaries, "gave-up")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" != --version ] && mkdir '%s' 2>/dev/null && exec sleep 8\nexec '%s' \"$@\"\n", gaveUp, filepath.Join(user.Tools, "kube-controller-manager"))
	if err := os.WriteFile(filepath.Join(binaries, "kube-controller-manager"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	control := controlplane.StartFrom(t, binaries, "gave-up")
	if _, err := os.Stat(gaveUp); err != nil {
		t.Fatal("the controllers did not give up: ", err)
	}
	u := user.New(t, control.Kubeconfig)
	u.Must(t, "kubectl", "create", "deployment", "works", "--image=example.com/works")
	u.Must(t, "kubectl", "rollout", "status", "deployment/works", "--timeout=60s")
}
