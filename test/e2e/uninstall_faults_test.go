package e2e

import (
	"fmt"
	"testing"
)

// TestFaultsUninstall uninstalls through a network that spoils one request in
// five: the cluster is then what it was before the install.
func TestFaultsUninstall(t *testing.T) {
	t.Parallel()
	installUndisturbed(t)
	var tally tally
	t.Run("uninstall", func(t *testing.T) {
		for seed := range times(t, 2, 20) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				control := startCluster(t, "uninstall")
				newUser(t, control.Kubeconfig).must(t, "kubectl", "istio-demo", "install", "--addons=none")
				proxy := newFaultProxy(t, control.Kubeconfig, uint64(seed), 0.2)
				got := newUser(t, proxy.kubeconfig).run(t, "kubectl", "istio-demo", "uninstall", "--yes")
				if got.code != 0 {
					t.Fatalf("exit code %d\n%s", got.code, got.stderr)
				}
				for key := range additions(t, control) {
					t.Errorf("%s is left", key)
				}
				tally.add(proxy)
			})
		}
	})
	tally.wantAll(t)
}
