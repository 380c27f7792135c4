package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestPeersUnderFaults installs through a network that spoils one request in
// ten, with kubectl, with istioctl and with the plugin, and prints the three
// side by side. Only the plugin has to complete. It is for soaking, because it
// says more about the others than about us.
func TestPeersUnderFaults(t *testing.T) {
	if soak == "" {
		t.Skip("in make soak only")
	}
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system}\n"
	tries := times(t, 0, 5)
	type outcome struct {
		completed int
		took      []time.Duration
	}
	tools := []string{"kubectl apply --server-side", "istioctl install", "kubectl istio-demo install"}
	outcomes := map[string]*outcome{}
	for _, tool := range tools {
		outcomes[tool] = &outcome{}
		for seed := range tries {
			control := startCluster(t, "peers")
			direct := newUser(t, control.Kubeconfig)
			rendered := write(t, "demo.yaml", namespace+"---\n"+direct.must(t, "kubectl", "istio-demo", "manifest", "--addons=none"))
			u := newUser(t, newFaultProxy(t, control.Kubeconfig, uint64(seed), 0.1).kubeconfig)
			arguments := map[string][]string{
				"kubectl apply --server-side": {"kubectl", "apply", "--server-side", "-f", rendered},
				"istioctl install":            {"istioctl", "install", "--set", "profile=demo", "--skip-confirmation", "--readiness-timeout", "1m"},
				"kubectl istio-demo install":  {"kubectl", "istio-demo", "install", "--addons=none"},
			}[tool]
			began := time.Now()
			got := u.run(t, arguments...)
			outcomes[tool].took = append(outcomes[tool].took, time.Since(began))
			if got.code == 0 {
				outcomes[tool].completed++
			} else if tool == "kubectl istio-demo install" {
				t.Errorf("exit code %d\n%s", got.code, got.stderr)
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
