package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallAddons installs the demo as most do, with its addons, and then
// only some of them. The images that are pulled are those that were announced.
func TestInstallAddons(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "with-addons").Kubeconfig)
	got := u.Run(t, "kubectl", "istio-demo", "install")
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "69 created, 0 configured, 0 unchanged in ") || strings.Count(got.Stdout, " Running ") != 7 {
		t.Fatalf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	checkEndpoints(t, u, "istio-system", 10)
	announced := u.Must(t, "kubectl", "istio-demo", "images")
	for _, image := range strings.Fields(u.Must(t, "kubectl", "get", "pods", "-n", "istio-system", "-o", "jsonpath={.items[*].spec.containers[*].image}")) {
		if !strings.Contains(announced, image+"\n") {
			t.Errorf("%s is not among\n%s", image, announced)
		}
	}
	if again := u.Run(t, "kubectl", "istio-demo", "install"); again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 69 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
	u.Must(t, "kubectl", "scale", "deployment", "kiali", "-n", "istio-system", "--replicas=0")
	u.Must(t, "kubectl", "wait", "--for=delete", "pod", "-l", "app=kiali", "-n", "istio-system", "--timeout=30s")
	away := u.Run(t, "kubectl", "istio-demo", "dashboard", "kiali")
	if want := "error: deployment istio-system/kiali is scaled to 0; run 'kubectl scale deployment kiali -n istio-system --replicas=1'\n"; away.Code != 1 || away.Stderr != want {
		t.Errorf("exit code %d\n%s", away.Code, away.Stderr)
	}
	if again := u.Run(t, "kubectl", "istio-demo", "install"); again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 1 configured, 68 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
	fewer := u.Run(t, "kubectl", "istio-demo", "install", "--addons=kiali,prometheus")
	if fewer.Code != 0 || !strings.Contains(fewer.Summary(), " unchanged, 11 pruned in ") {
		t.Errorf("exit code %d\n%s", fewer.Code, fewer.Stderr)
	}
	missed := u.Run(t, "kubectl", "istio-demo", "dashboard", "grafana")
	if missed.Code != 1 || !strings.Contains(missed.Stderr, "run 'kubectl istio-demo install --reuse-values --addons=grafana,kiali,prometheus'") {
		t.Errorf("exit code %d\n%s", missed.Code, missed.Stderr)
	}
	u.Must(t, "kubectl", "istio-demo", "uninstall", "--yes")
}
