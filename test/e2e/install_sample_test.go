package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
)

// TestInstallWithSampleRefused refuses before anything is written what cannot be meant.
func TestInstallWithSampleRefused(t *testing.T) {
	u := controlplane.SharedDemo(t)
	for want, arguments := range map[string][]string{
		`unknown sample "petclinic" in --sample; use one of bookinfo, helloworld, httpbin`:                                       {"--sample=petclinic"},
		"--sample is for the built-in demo and cannot be used with -f or -k; use 'kubectl istio-demo sample install' afterwards": {"--sample=httpbin", "-f", "a.yaml"},
		"--sample cannot be used with --dry-run: a sample can be validated when Istio is installed; use 'kubectl istio-demo sample install NAME --dry-run=server' then": {
			"--sample=httpbin", "--dry-run=server",
		},
		"cannot prompt before labelling namespace default with istio-injection=enabled for sidecar injection: stdin is not a terminal; use --yes, or leave out --sample to leave it unchanged": {
			"--sample=httpbin", "--addons=none",
		},
		"--sample would install in namespace default of the mesh, as it is that of the kubeconfig's context; use 'kubectl istio-demo sample install NAME -n NAMESPACE' afterwards": {
			"--sample=httpbin", "-n", "default", "--yes",
		},
	} {
		got := u.Run(t, append([]string{"kubectl", "istio-demo", "install"}, arguments...)...)
		if lines := got.Errors(); got.Code != 2 || !slices.Equal(lines, []string{"error: " + want}) {
			t.Errorf("%v: exit code %d\n%s", arguments, got.Code, got.Stderr)
		}
	}
	if labels := u.Must(t, "kubectl", "get", "namespace", "default", "-o", "jsonpath={.metadata.labels}"); strings.Contains(labels, "istio-injection") {
		t.Errorf("something was written: %s", labels)
	}
}
