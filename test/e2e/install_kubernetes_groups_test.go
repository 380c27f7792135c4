package e2e

import (
	"strings"
	"testing"
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

// TestKindsOfKubernetesGroups applies objects after their definition, whatever
// the group is called.
func TestKindsOfKubernetesGroups(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "approved")
	got := u.run(t, "kubectl", "istio-demo", "install", "-n", "approved", "-f", write(t, "kinds.yaml", ownKinds))
	if got.code != 0 || !strings.Contains(got.stderr, "3 created, 0 configured, 1 unchanged") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if again := u.run(t, "kubectl", "istio-demo", "install", "-n", "approved", "-f", write(t, "kinds.yaml", ownKinds)); !strings.Contains(again.stderr, "0 created, 0 configured, 4 unchanged") {
		t.Errorf("again: exit code %d\n%s", again.code, again.stderr)
	}
	if got := u.must(t, "kubectl", "istio-demo", "uninstall", "-n", "approved", "--yes"); strings.Count(got, " deleted\n") != 3 {
		t.Errorf("it says %s", got)
	}
}
