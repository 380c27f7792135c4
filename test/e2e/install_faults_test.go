package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/reference"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/soak"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallUnderFaults installs through a network that spoils one request in five: every
// install ends complete, and equal to an undisturbed one.
func TestInstallUnderFaults(t *testing.T) {
	t.Parallel()
	undisturbed := reference.Install(t)
	var tally apiproxy.Tally
	t.Run("install", func(t *testing.T) {
		for seed := range soak.Times(t, 3, 50) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				control := controlplane.Start(t, "faults")
				proxy := apiproxy.NewFaulty(t, control.Kubeconfig, uint64(seed), 0.2)
				got := user.New(t, proxy.Kubeconfig).Run(t, "kubectl", "istio-demo", "install", "--addons=none")
				if got.Code != 0 || !strings.Contains(got.Stderr, "; retrying") {
					t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
				}
				if strings.Count(got.Stdout, "Running") != 3 {
					t.Errorf("it shows\n%s%s", got.Stdout, got.Stderr)
				}
				t.Log(got.Summary())
				undisturbed.WantSame(t, control)
				tally.Add(proxy)
			})
		}
	})
	tally.WantAll(t)
}
