package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// small is a manifest with a little of everything that can be mistaken.
const small = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: demo}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: fixed}
addressType: IPv4
endpoints: []
ports: []
`

// TestCopiesAreTheUsers makes objects that carry the inventory's label but are
// not its members: by hand, and by the controller that copies a Service's
// labels to its EndpointSlices.
func TestCopiesAreTheUsers(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	path := write(t, "small.yaml", small)
	install := []string{"kubectl", "istio-demo", "install", "-n", "copies", "-f", path}
	u.must(t, install...)
	copied := strings.ReplaceAll(u.must(t, "kubectl", "get", "configmap", "settings", "-n", "copies", "-o", "yaml"), "name: settings", "name: copied")
	if got := u.runWith(t, copied, "kubectl", "apply", "-f", "-"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	u.must(t, "kubectl", "wait", "--for=create", "endpointslices", "-n", "copies", "--timeout=30s", "-l", "kubernetes.io/service-name=web")
	again := u.run(t, install...)
	if again.code != 0 || !strings.HasPrefix(summary(again.stderr), "0 created, 0 configured, 4 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.code, again.stderr)
	}
	removed := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "copies", "--yes")
	if removed.code != 0 || !strings.Contains(removed.stderr, "namespace copies is kept: it holds configmap copies/copied of yours") {
		t.Errorf("exit code %d\n%s", removed.code, removed.stderr)
	}
	u.must(t, "kubectl", "get", "configmap", "copied", "-n", "copies")
}

// TestClaimsAreTheUsers keeps the volumes that a StatefulSet has claimed.
func TestClaimsAreTheUsers(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	path := write(t, "stateful.yaml", `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: registry.example.com/db}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`)
	u.must(t, "kubectl", "istio-demo", "install", "-n", "claims", "-f", path, "--wait=false")
	u.must(t, "kubectl", "wait", "--for=jsonpath={.status.phase}=Pending", "persistentvolumeclaim/data-db-0", "-n", "claims", "--timeout=30s")
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "claims", "--yes")
	if got.code != 0 || !strings.Contains(got.stderr, "namespace claims is kept: it holds persistentvolumeclaim claims/data-db-0 of yours") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	u.must(t, "kubectl", "get", "persistentvolumeclaim", "data-db-0", "-n", "claims")
}

// gadgetDefinition is a definition with versions.
func gadgetDefinition(group string, versions []string, storage string) string {
	var all []string
	for _, version := range versions {
		all = append(all, fmt.Sprintf(`{name: %s, served: true, storage: %v, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}`,
			version, version == storage))
	}
	return fmt.Sprintf(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.%[1]s}
spec:
  group: %[1]s
  names: {kind: Gadget, plural: gadgets}
  scope: Namespaced
  versions: [%[2]s]
`, group, strings.Join(all, ", "))
}

// gadgets is a definition with versions, and an object of one of them.
func gadgets(versions []string, storage, object string) string {
	return gadgetDefinition("sacred.example.com", versions, storage) + fmt.Sprintf(`---
apiVersion: sacred.example.com/%s
kind: Gadget
metadata: {name: first}
spec: {size: 1}
`, object)
}

// TestNewVersionOfADefinition moves an object to a version that is defined by
// the same manifest: it is neither refused nor pruned, and nobody else's
// object is taken for one that is not there.
func TestNewVersionOfADefinition(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	old := write(t, "old.yaml", gadgets([]string{"v1beta1"}, "v1beta1", "v1beta1"))
	next := write(t, "next.yaml", gadgets([]string{"v1beta1", "v1"}, "v1", "v1"))
	u.must(t, "kubectl", "istio-demo", "install", "-n", "versions", "-f", old)
	t.Cleanup(func() { uninstall(t, u, "versions") })
	uid := u.must(t, "kubectl", "get", "gadget", "first", "-n", "versions", "-o", "jsonpath={.metadata.uid}")
	got := u.run(t, "kubectl", "istio-demo", "install", "-n", "versions", "-f", next)
	if got.code != 0 || strings.Contains(got.stderr, "pruned") || !strings.HasPrefix(summary(got.stderr), "0 created, 2 configured, 1 unchanged in ") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if now := u.must(t, "kubectl", "get", "gadget", "first", "-n", "versions", "-o", "jsonpath={.metadata.uid}"); now != uid {
		t.Errorf("the object is another one: %s, not %s", now, uid)
	}
}

// TestUnseenIsKept keeps what may hold something of the user's that nobody can
// see: a definition without a served version, and a namespace while a group of
// the API does not answer.
func TestUnseenIsKept(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	path := write(t, "gadgets.yaml", strings.ReplaceAll(gadgets([]string{"v1"}, "v1", "v1"), "sacred.", "unseen."))
	u.must(t, "kubectl", "istio-demo", "install", "-n", "unseen", "-f", path)
	u.must(t, "kubectl", "patch", "crd", "gadgets.unseen.example.com", "--type=json", "-p", `[{"op":"replace","path":"/spec/versions/0/served","value":false}]`)
	broken := `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.broken.example.com}
spec: {group: broken.example.com, version: v1, groupPriorityMinimum: 10, versionPriority: 10, insecureSkipTLSVerify: true, service: {name: nobody, namespace: default}}
`
	if got := u.runWith(t, broken, "kubectl", "apply", "-f", "-"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "unseen", "--yes")
	u.must(t, "kubectl", "delete", "apiservice", "v1.broken.example.com")
	for _, want := range []string{
		"customresourcedefinition gadgets.unseen.example.com is kept: it cannot be seen whether something of yours is in it: none of its versions is served",
		"namespace unseen is kept: it cannot be seen whether something of yours is in it: the server behind broken.example.com/v1 does not answer",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("exit code %d, no %q in\n%s", got.code, want, got.stderr)
		}
	}
}

// TestParentsName refuses a manifest that would overwrite the inventory.
func TestParentsName(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	path := write(t, "parent.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-demo}\n")
	got := u.run(t, "kubectl", "istio-demo", "install", "-n", "parents", "-f", path)
	if lines := errorLines(got.stderr); got.code != 2 || len(lines) != 1 || !strings.Contains(lines[0], "is where install keeps its inventory") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}

// TestLostParent uninstalls although somebody has deleted the inventory.
func TestLostParent(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	path := write(t, "small.yaml", small)
	u.must(t, "kubectl", "istio-demo", "install", "-n", "lost", "-f", path)
	u.must(t, "kubectl", "delete", "configmap", "istio-demo", "-n", "lost")
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "lost", "--yes")
	if got.code != 0 || !strings.Contains(got.stderr, "\n4 removed, 0 kept in ") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}

// TestReplacesNothingUnasked installs a second manifest over a first one with
// which it has nothing in common.
func TestReplacesNothingUnasked(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	first := write(t, "first.yaml", small)
	second := write(t, "second.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n")
	u.must(t, "kubectl", "istio-demo", "install", "-n", "replaced", "-f", first)
	t.Cleanup(func() { uninstall(t, u, "replaced") })
	recorder.take()
	got := u.run(t, "kubectl", "istio-demo", "install", "-n", "replaced", "-f", second)
	want := "second.yaml has none of the 3 objects of " + first + " that are installed in namespace replaced, and would replace them all; replace them with --prune"
	if lines := errorLines(got.stderr); got.code != 1 || len(lines) != 1 || !strings.Contains(lines[0], want) {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if _, writes := recorder.take(); len(writes) > 0 {
		t.Errorf("something was written: %v", writes)
	}
	asked := u.run(t, "kubectl", "istio-demo", "install", "-n", "replaced", "-f", second, "--prune")
	if asked.code != 0 || !strings.HasPrefix(summary(asked.stderr), "1 created, 0 configured, 1 unchanged, 3 pruned in ") {
		t.Errorf("exit code %d\n%s", asked.code, asked.stderr)
	}
}
