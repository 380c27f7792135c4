package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// demoOf2018 lies beside the checkout where somebody has put it.
const demoOf2018 = "../../../shared/manifests/istio-demo-1.0.9.yaml"

// TestDemoOf2018 puts the real file of Istio 1.0.9 on a cluster of today, and
// takes it away.
func TestDemoOf2018(t *testing.T) {
	file, err := filepath.Abs(demoOf2018)
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		t.Skip("the demo manifest of Istio 1.0.9 does not lie beside the checkout: ", err)
	}
	t.Parallel()
	control := startCluster(t, "demo-of-2018")
	u := newUser(t, control.Kubeconfig)
	before := settled(t, control.Kubeconfig)
	install := func() result { return u.run(t, "kubectl", "istio-demo", "install", "-f", file) }
	got := install()
	if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "147 created, 0 configured, 0 unchanged") {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	if want := "warning: not applied: 4 objects that Helm would only run on deletion: "; !strings.Contains(got.stderr, want) || strings.Contains(got.stdout, "istio-cleanup-secrets") {
		t.Errorf("the hooks that clean up are not listed, or ran:\n%s%s", got.stdout, got.stderr)
	}
	var pods []string
	for _, line := range strings.Split(u.must(t, "kubectl", "istio-demo", "pods", "--no-headers"), "\n") {
		if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "Running" {
			name := regexp.MustCompile(`-[0-9a-z]+-[0-9a-z]{5}$`).ReplaceAllString(fields[0], "")
			pods = append(pods, name+" "+fields[1])
		}
	}
	slices.Sort(pods)
	want := []string{
		"grafana 1/1", "istio-citadel 1/1", "istio-egressgateway 1/1", "istio-galley 1/1", "istio-ingressgateway 1/1",
		"istio-pilot 2/2", "istio-policy 2/2", "istio-sidecar-injector 1/1", "istio-telemetry 2/2", "istio-tracing 1/1",
		"prometheus 1/1", "servicegraph 1/1",
	}
	if !slices.Equal(pods, want) {
		t.Errorf("the pods are %q, want %q", pods, want)
	}
	if again := install(); again.code != 0 || !strings.HasPrefix(summary(again.stderr), "0 created, 0 configured, 147 unchanged") {
		t.Errorf("exit code %d\n%s", again.code, again.stderr)
	}
	if diff := u.run(t, "kubectl", "istio-demo", "diff", "-f", file); diff.code != 0 || diff.stdout != "" {
		t.Errorf("exit code %d\n%s%s", diff.code, diff.stdout, diff.stderr)
	}
	u.must(t, "kubectl", "istio-demo", "uninstall", "--yes")
	for _, difference := range compare(before, settled(t, control.Kubeconfig)) {
		t.Error(difference)
	}
}
