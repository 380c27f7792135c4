package e2e

import (
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestSampleWithoutIstio has CRDs that an uninstall has kept, on which nobody acts,
// and then an istiod that is not ready: a sample is not installed, not even without
// sidecars.
func TestSampleWithoutIstio(t *testing.T) {
	t.Parallel()
	recorder := apiproxy.New(t, controlplane.Start(t, "idle").Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	u.Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	u.Must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", "shop", "--inject=false")
	refused := func(want string) {
		t.Helper()
		recorder.Drain()
		for _, flags := range [][]string{{"--yes"}, {"--inject=false"}, {"--dry-run=server"}} {
			got := u.Run(t, append([]string{"kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "shop"}, flags...)...)
			if lines := got.Errors(); got.Code != 1 || !slices.Equal(lines, []string{want}) {
				t.Errorf("%v: exit code %d\n%s", flags, got.Code, got.Stderr)
			}
		}
		recorder.WantNoWrites(t)
	}
	u.Must(t, "kubectl", "istio-demo", "uninstall", "--yes")
	u.Must(t, "kubectl", "get", "crd", "gateways.networking.istio.io", "virtualservices.networking.istio.io")
	refused("error: Istio is not running: no pod of istiod found; install it first with 'kubectl istio-demo install'")
	for _, namespace := range []string{"shop", "mesh"} {
		u.Run(t, "kubectl", "create", "namespace", namespace)
	}
	u.MustPipe(t, "{apiVersion: v1, kind: Pod, metadata: {name: istiod-1, namespace: mesh, labels: {istio: pilot}}, "+
		"spec: {automountServiceAccountToken: false, nodeSelector: {never: here}, containers: [{name: discovery, image: registry.example.com/pilot}]}}", "kubectl", "create", "-f", "-")
	refused("error: Istio is not running: pod mesh/istiod-1 is not ready; 'kubectl istio-demo status -n mesh' says why")
}
