package e2e

import (
	"strings"
	"testing"
	"time"
)

// istiodWithoutRule proves that the log of an istiod that may not do something
// tells it, and that another install mends it.
func istiodWithoutRule(t *testing.T, m mesh) {
	m.must(t, "kubectl", "scale", "deployment", "istiod", "-n", "istio-system", "--replicas=0")
	m.must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=delete", "--timeout=30s")
	m.must(t, "kubectl", "patch", "clusterrole", "istiod-clusterrole-istio-system", "--type=json", "-p", `[{"op": "remove", "path": "/rules/0"}]`)
	m.must(t, "kubectl", "scale", "deployment", "istiod", "-n", "istio-system", "--replicas=1")
	m.must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=jsonpath={.status.phase}=Running", "--timeout=30s")
	for deadline := time.Now().Add(30 * time.Second); !lacking.MatchString(m.log(t)); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("istiod says nothing about what it may not do:\n%s", m.log(t))
		}
	}
	// The scaling and the rule are not ours, and are taken back.
	m.must(t, "kubectl", "istio-demo", "install", "--force-conflicts")
	m.must(t, "kubectl", "rollout", "restart", "deployment", "istiod", "-n", "istio-system")
	m.must(t, "kubectl", "rollout", "status", "deployment", "istiod", "-n", "istio-system", "--timeout=60s")
	m.must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=condition=Ready", "--timeout=30s")
	if found := lacking.FindAllString(m.log(t), -1); found != nil {
		t.Errorf("istiod lacks something still: %q", found)
	}
}

// istiodDown has nobody answer the injector.
func istiodDown(t *testing.T, m mesh) {
	m.must(t, "kubectl", "scale", "deployment", "istiod", "-n", "istio-system", "--replicas=0")
	m.must(t, "kubectl", "wait", "pods", "-n", "istio-system", "-l", "app=istiod", "--for=delete", "--timeout=30s")
	m.eventually(t, `failed calling webhook .*istio.*refused`, "kubectl", "run", "probe", "-n", "by-injection", "--image=web", "--dry-run=server")
	m.must(t, "kubectl", "delete", "pods", "--all", "-n", "by-injection")
	m.eventually(t, `webhook .*istio.* cannot be reached: .*connection refused`, "kubectl", "istio-demo", "status", "-n", "by-injection")
	got := m.run(t, "kubectl", "istio-demo", "status", "-n", "by-injection")
	if got.code != 1 || !strings.Contains(got.stdout, "deployment/web is not ready:") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if next := "next: istiod does not answer; see whether its pods run: kubectl get pods -n istio-system -l app=istiod"; !strings.Contains(got.stdout, next) {
		t.Errorf("what to do is not %q in\n%s", next, got.stdout)
	}
}

// istiodUninstalled is of what nobody serves any more; pods can be created
// after it.
func istiodUninstalled(t *testing.T, m mesh) {
	m.must(t, "kubectl", "istio-demo", "uninstall", "--yes")
	m.must(t, "kubectl", "run", "probe", "-n", "by-injection", "--image=web", "--dry-run=server")
	m.must(t, "kubectl", "rollout", "status", "deployment", "web", "-n", "by-injection", "--timeout=60s")
}
