package mesh

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// istiodWithoutRule proves that the log of an istiod that may not do something
// tells it, and that another install mends it.
func istiodWithoutRule(t *testing.T, m mesh) {
	m.restart(t, "kubectl", "patch", "clusterrole", "istiod-clusterrole-istio-system", "--type=json", "-p", `[{"op": "remove", "path": "/rules/0"}]`)
	for deadline := time.Now().Add(30 * time.Second); !complaint.MatchString(m.log(t)); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("istiod says nothing about what it may not do:\n%s", m.log(t))
		}
	}
	m.reinstall(t)
}

// istiodWithoutDefinition proves that the log of an istiod that does not find
// one of its definitions tells that, too.
func istiodWithoutDefinition(t *testing.T, m mesh) {
	const missing = "virtualservices.networking.istio.io"
	definitions := m.definitions(t)
	m.restart(t, "kubectl", "delete", "customresourcedefinition", missing)
	m.Must(t, "kubectl", "rollout", "status", "deployment", "istiod", "-n", "istio-system", "--timeout=60s")
	if found := m.complaints(t, definitions); !slices.Equal(found, []string{missing}) {
		t.Errorf("istiod lacks %q", found)
	}
	m.reinstall(t)
}

// restart has a command run while istiod does not.
func (m mesh) restart(t *testing.T, meanwhile ...string) {
	t.Helper()
	m.Must(t, "kubectl", "scale", "deployment", "istiod", "-n", "istio-system", "--replicas=0")
	m.Must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=delete", "--timeout=30s")
	m.Must(t, meanwhile...)
	m.Must(t, "kubectl", "scale", "deployment", "istiod", "-n", "istio-system", "--replicas=1")
	m.Must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=create", "--timeout=30s")
	m.Must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=jsonpath={.status.phase}=Running", "--timeout=30s")
}

// reinstall installs again, after which istiod lacks nothing.
func (m mesh) reinstall(t *testing.T) {
	t.Helper()
	// The scaling and what was taken away are not ours, and are taken back.
	m.mustInstall(t, "--force-conflicts")
	before := strings.Fields(m.Must(t, "kubectl", "get", "pods", "-n", "istio-system", "-l", "app=istiod", "-o", "name"))
	m.Must(t, "kubectl", "rollout", "restart", "deployment", "istiod", "-n", "istio-system")
	m.Must(t, "kubectl", "rollout", "status", "deployment", "istiod", "-n", "istio-system", "--timeout=60s")
	// Those before do not count as replicas any more, and are there for a while.
	for _, pod := range before {
		m.Must(t, "kubectl", "wait", pod, "-n", "istio-system", "--for=delete", "--timeout=60s")
	}
	m.Must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=create", "--timeout=30s")
	m.Must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=condition=Ready", "--timeout=30s")
	if found := m.complaints(t, m.definitions(t)); found != nil {
		t.Errorf("istiod lacks something still: %q", found)
	}
}

// istiodDown has nobody answer the injector.
func istiodDown(t *testing.T, m mesh) {
	m.Must(t, "kubectl", "scale", "deployment", "istiod", "-n", "istio-system", "--replicas=0")
	m.Must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=delete", "--timeout=30s")
	m.Until(t, user.Prints(`failed calling webhook .*istio.*refused`), "kubectl", "run", "probe", "-n", "by-injection", "--image=registry.k8s.io/pause:3.10", "--dry-run=server")
	m.Must(t, "kubectl", "delete", "pods", "--all", "-n", "by-injection")
	m.Until(t, user.Prints(`webhook .*istio.* is unreachable: .*connection refused`), "kubectl", "istio-demo", "status", "-n", "by-injection")
	got := m.Run(t, "kubectl", "istio-demo", "status", "-n", "by-injection")
	if got.Code != 1 || !strings.Contains(got.Stdout, "deployment/web is not ready:") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	if next := "next: istiod does not answer; check its pods: kubectl get pods -n istio-system -l app=istiod"; !strings.Contains(got.Stdout, next) {
		t.Errorf("what to do is not %q in\n%s", next, got.Stdout)
	}
}

// istiodUninstalled is of what nobody serves any more; pods can be created
// after it.
func istiodUninstalled(t *testing.T, m mesh) {
	m.Must(t, "kubectl", "istio-demo", "uninstall", "--yes")
	m.Must(t, "kubectl", "run", "probe", "-n", "by-injection", "--image=registry.k8s.io/pause:3.10", "--dry-run=server")
	m.Must(t, "kubectl", "rollout", "status", "deployment", "web", "-n", "by-injection", "--timeout=60s")
}
