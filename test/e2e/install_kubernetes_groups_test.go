package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// ownKinds is a manifest with a CRD in a group of Kubernetes' own, as those of
// the Gateway API are, and an object of it.
var ownKinds = fixture.Join(fixture.CRD("Trail", "trails", "routes.k8s.io", "v1"),
	"apiVersion: routes.k8s.io/v1\nkind: Trail\nmetadata: {name: first}\n", fixture.ConfigMap("beside"))

// TestInstallCRDsOfKubernetesGroups applies objects after their definition, whatever
// the group is called.
func TestInstallCRDsOfKubernetesGroups(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "approved")
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "approved", "-f", user.File(t, "kinds.yaml", ownKinds))
	if got.Code != 0 || !strings.Contains(got.Stderr, "3 created, 0 configured, 1 unchanged") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if again := u.Run(t, "kubectl", "istio-demo", "install", "-n", "approved", "-f", user.File(t, "kinds.yaml", ownKinds)); !strings.Contains(again.Stderr, "0 created, 0 configured, 4 unchanged") {
		t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
	}
	if got := u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "approved", "--yes"); strings.Count(got, " deleted\n") != 3 {
		t.Errorf("it says %s", got)
	}
}
