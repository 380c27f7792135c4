package e2e

import (
	"strings"
	"testing"
)

// TestInstallAddons installs the demo as most do, with its addons, and then
// only some of them. The images that are pulled are those that were announced.
func TestInstallAddons(t *testing.T) {
	t.Parallel()
	u := newUser(t, startCluster(t, "with-addons").Kubeconfig)
	got := u.run(t, "kubectl", "istio-demo", "install")
	if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "70 created, 0 configured, 0 unchanged in ") || strings.Count(got.stdout, " Running ") != 7 {
		t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	checkEndpoints(t, u, "istio-system", 10)
	announced := u.must(t, "kubectl", "istio-demo", "images")
	for _, image := range strings.Fields(u.must(t, "kubectl", "get", "pods", "-n", "istio-system", "-o", "jsonpath={.items[*].spec.containers[*].image}")) {
		if !strings.Contains(announced, image+"\n") {
			t.Errorf("%s is not among\n%s", image, announced)
		}
	}
	if again := u.run(t, "kubectl", "istio-demo", "install"); again.code != 0 || !strings.HasPrefix(summary(again.stderr), "0 created, 0 configured, 70 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.code, again.stderr)
	}
	u.must(t, "kubectl", "scale", "deployment", "kiali", "-n", "istio-system", "--replicas=0")
	u.must(t, "kubectl", "wait", "--for=delete", "pod", "-l", "app=kiali", "-n", "istio-system", "--timeout=30s")
	away := u.run(t, "kubectl", "istio-demo", "dashboard", "kiali")
	if want := "error: deployment istio-system/kiali is scaled to 0; run 'kubectl scale deployment kiali -n istio-system --replicas=1'\n"; away.code != 1 || away.stderr != want {
		t.Errorf("exit code %d\n%s", away.code, away.stderr)
	}
	if again := u.run(t, "kubectl", "istio-demo", "install"); again.code != 0 || !strings.HasPrefix(summary(again.stderr), "0 created, 1 configured, 69 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.code, again.stderr)
	}
	fewer := u.run(t, "kubectl", "istio-demo", "install", "--addons=kiali,prometheus")
	if fewer.code != 0 || !strings.Contains(summary(fewer.stderr), " unchanged, 12 pruned in ") {
		t.Errorf("exit code %d\n%s", fewer.code, fewer.stderr)
	}
	missed := u.run(t, "kubectl", "istio-demo", "dashboard", "grafana")
	if missed.code != 1 || !strings.Contains(missed.stderr, "run 'kubectl istio-demo install --addons=grafana,kiali,prometheus'") {
		t.Errorf("exit code %d\n%s", missed.code, missed.stderr)
	}
	u.must(t, "kubectl", "istio-demo", "uninstall", "--yes")
}
