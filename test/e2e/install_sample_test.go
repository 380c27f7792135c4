package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallWithSample installs a sample while the mesh is, whose pods have the
// sidecars that a real istiod injects, and which comes before the addons. A second
// time nothing changes.
func TestInstallWithSample(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	install := func() user.Result {
		return m.Run(t, "kubectl", "istio-demo", "install", "--sample=httpbin", "--yes", "--addons=kiali", "--timeout=180s")
	}
	got := install()
	if want := "httpbin is ready in namespace default: 1 of 1 pods have a sidecar\n"; got.Code != 0 || !strings.Contains(got.Stdout, want) {
		t.Fatalf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	if waits := "  deployment istio-system/kiali: waiting until the images of istiod, istio-ingressgateway and istio-egressgateway are being pulled\n"; !strings.Contains(got.Stderr, waits) {
		t.Errorf("Kiali was not held:\n%s", got.Stderr)
	}
	// In the order of their creation.
	names := strings.Fields(m.Must(t, "kubectl", "get", "deployments", "-A", "--sort-by=.metadata.creationTimestamp", "-o", "jsonpath={.items[*].metadata.name}"))
	if at := func(name string) int { return slices.Index(names, name) }; at("istiod") != 0 || at("httpbin") > at("kiali") || at("istio-ingressgateway") > at("kiali") {
		t.Errorf("the Deployments were created in the order %q", names)
	}
	if again := install(); again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, ") || !strings.Contains(again.Stdout, "httpbin is ready in namespace default: 1 of 1 pods have a sidecar\n") {
		t.Errorf("again: exit code %d\n%s%s", again.Code, again.Stdout, again.Stderr)
	}
	m.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "httpbin", "--yes")
}

// TestInstallWithSampleRefused refuses before anything is written what cannot be meant.
func TestInstallWithSampleRefused(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	for want, arguments := range map[string][]string{
		`unknown sample "petclinic" in --sample; use bookinfo, helloworld, httpbin`:                                              {"--sample=petclinic"},
		"--sample is for the built-in demo and cannot be used with -f or -k; use 'kubectl istio-demo sample install' afterwards": {"--sample=httpbin", "-f", "a.yaml"},
		"--sample cannot be used with --dry-run: a sample can be validated when Istio is installed; use 'kubectl istio-demo sample install NAME --dry-run=server' then": {
			"--sample=httpbin", "--dry-run=server",
		},
		"cannot prompt before labelling namespace default with istio-injection=enabled for sidecar injection: stdin is not a terminal; use --yes, or leave out --sample to leave it unchanged": {
			"--sample=httpbin", "-n", "refused",
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
	if found := u.Run(t, "kubectl", "get", "namespace", "refused"); found.Code == 0 {
		t.Error("something was written")
	}
}
