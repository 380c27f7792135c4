package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// ownKinds is a manifest with a definition in a group of Kubernetes' own, as the
// Gateway API's are, and an object of it.
const ownKinds = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: trails.routes.k8s.io
  annotations: {api-approved.kubernetes.io: "unapproved, a test"}
spec:
  group: routes.k8s.io
  scope: Namespaced
  names: {kind: Trail, listKind: TrailList, plural: trails, singular: trail}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: routes.k8s.io/v1
kind: Trail
metadata: {name: first}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: beside}
`

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
