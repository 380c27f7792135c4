package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallServerWarnings tells each warning of the API server once, in the end,
// with the objects that it is about.
func TestInstallServerWarnings(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	var content strings.Builder
	for _, name := range []string{"c", "a", "b"} {
		content.WriteString("---\n" + fixture.Deployment(name, "nodeSelector: {beta.kubernetes.io/os: linux}"))
	}
	path := user.File(t, "deprecated.yaml", content.String())
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "warnings", "-f", path, "--wait=false")
	lines := strings.Split(strings.TrimSpace(got.Stderr), "\n")
	want := `warning: deployment warnings/a and 2 more objects: the API server says: ` +
		`spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead`
	if got.Code != 0 || slices.Index(lines, want) != len(lines)-1 {
		t.Errorf("exit code %d, want %s as the last line and only there:\n%s", got.Code, want, got.Stderr)
	}
}
