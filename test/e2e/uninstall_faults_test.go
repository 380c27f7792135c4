package e2e

import (
	"fmt"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/reference"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/soak"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestUninstallUnderFaults uninstalls through a network that spoils one request in
// five: the cluster is then what it was before the install.
func TestUninstallUnderFaults(t *testing.T) {
	t.Parallel()
	undisturbed := reference.Install(t)
	var tally apiproxy.Tally
	t.Run("uninstall", func(t *testing.T) {
		for seed := range soak.Times(t, 2, 20) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				control := controlplane.Start(t, "uninstall")
				user.New(t, control.Kubeconfig).Must(t, "kubectl", "istio-demo", "install", "--addons=none")
				proxy := apiproxy.NewFaulty(t, control.Kubeconfig, uint64(seed), 0.2)
				got := user.New(t, proxy.Kubeconfig).Run(t, "kubectl", "istio-demo", "uninstall", "--yes")
				if got.Code != 0 {
					t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
				}
				for key := range undisturbed.Additions(t, control) {
					t.Errorf("%s is left", key)
				}
				tally.Add(proxy)
			})
		}
	})
	tally.WantAll(t)
}
