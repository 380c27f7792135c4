package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/soak"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallPeersUnderFaults installs through a network that spoils one request in
// ten, with kubectl, with istioctl and with the plugin, and prints the three
// side by side. Only the plugin has to complete. It is for soaking, because it
// says more about the others than about us.
func TestInstallPeersUnderFaults(t *testing.T) {
	if !soak.Soaking() {
		t.Skip("in make soak only")
	}
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system}\n"
	tries := soak.Times(t, 0, 5)
	type outcome struct {
		completed int
		took      []time.Duration
	}
	tools := []string{"kubectl apply --server-side", "istioctl install", "kubectl istio-demo install"}
	outcomes := map[string]*outcome{}
	for _, tool := range tools {
		outcomes[tool] = &outcome{}
		for seed := range tries {
			control := controlplane.Start(t, "peers")
			direct := user.New(t, control.Kubeconfig)
			rendered := user.File(t, "demo.yaml", namespace+"---\n"+direct.Must(t, "kubectl", "istio-demo", "manifest", "--addons=none"))
			u := user.New(t, apiproxy.NewFaulty(t, control.Kubeconfig, uint64(seed), 0.1).Kubeconfig)
			arguments := map[string][]string{
				"kubectl apply --server-side": {"kubectl", "apply", "--server-side", "-f", rendered},
				"istioctl install":            {"istioctl", "install", "--set", "profile=demo", "--skip-confirmation", "--readiness-timeout", "1m"},
				"kubectl istio-demo install":  {"kubectl", "istio-demo", "install", "--addons=none"},
			}[tool]
			began := time.Now()
			got := u.Run(t, arguments...)
			outcomes[tool].took = append(outcomes[tool].took, time.Since(began))
			if got.Code == 0 {
				outcomes[tool].completed++
			} else if tool == "kubectl istio-demo install" {
				t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
			}
			if err := control.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tool := range tools {
		slices.Sort(outcomes[tool].took)
		fmt.Printf("%-28s completed %d of %d, median %.1f s\n", tool, outcomes[tool].completed, tries, outcomes[tool].took[tries/2].Seconds())
	}
}
