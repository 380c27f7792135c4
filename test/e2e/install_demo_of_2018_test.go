package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// demoOf2018 lies beside the checkout where somebody has put it.
const demoOf2018 = "../../../shared/manifests/istio-demo-1.0.9.yaml"

// TestInstallDemoOf2018 puts the real file of Istio 1.0.9 on a cluster of today, and
// takes it away.
func TestInstallDemoOf2018(t *testing.T) {
	file, err := filepath.Abs(demoOf2018)
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		t.Skip("the demo manifest of Istio 1.0.9 does not lie beside the checkout: ", err)
	}
	t.Parallel()
	control := controlplane.Start(t, "demo-of-2018")
	u := user.New(t, control.Kubeconfig)
	before := snapshot.TakeSettled(t, control.Kubeconfig)
	install := func() user.Result { return u.Run(t, "kubectl", "istio-demo", "install", "-f", file) }
	got := install()
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "147 created, 0 configured, 0 unchanged") {
		t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if want := "warning: not applied: 4 objects that Helm runs only on deletion: "; !strings.Contains(got.Stderr, want) || strings.Contains(got.Stdout, "istio-cleanup-secrets") {
		t.Errorf("the hooks that clean up are not listed, or ran:\n%s%s", got.Stdout, got.Stderr)
	}
	var pods []string
	for _, line := range strings.Split(u.Must(t, "kubectl", "istio-demo", "pods", "--no-headers"), "\n") {
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
	if again := install(); again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 147 unchanged") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
	if diff := u.Run(t, "kubectl", "istio-demo", "diff", "-f", file); diff.Code != 0 || diff.Stdout != "" {
		t.Errorf("exit code %d\n%s%s", diff.Code, diff.Stdout, diff.Stderr)
	}
	u.Must(t, "kubectl", "istio-demo", "uninstall", "--yes")
	snapshot.WantEqual(t, before, snapshot.TakeSettled(t, control.Kubeconfig))
}
