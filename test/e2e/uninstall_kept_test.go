package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
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

// TestUninstallKeepsCopies makes objects that carry the inventory's label but are
// not its members: by hand, and by the controller that copies a Service's
// labels to its EndpointSlices.
func TestUninstallKeepsCopies(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "small.yaml", small)
	install := []string{"kubectl", "istio-demo", "install", "-n", "copies", "-f", path}
	u.Must(t, install...)
	copied := strings.ReplaceAll(u.Must(t, "kubectl", "get", "configmap", "settings", "-n", "copies", "-o", "yaml"), "name: settings", "name: copied")
	if got := u.Pipe(t, copied, "kubectl", "apply", "-f", "-"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	u.Must(t, "kubectl", "wait", "--for=create", "endpointslices", "-n", "copies", "--timeout=30s", "-l", "kubernetes.io/service-name=web")
	again := u.Run(t, install...)
	if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 4 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
	removed := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "copies", "--yes")
	if removed.Code != 0 || !strings.Contains(removed.Stderr, "namespace copies is kept: contains objects not installed by this tool: configmap copies/copied") {
		t.Errorf("exit code %d\n%s", removed.Code, removed.Stderr)
	}
	u.Must(t, "kubectl", "get", "configmap", "copied", "-n", "copies")
}

// TestUninstallKeepsPersistentVolumeClaims keeps the volumes that a StatefulSet has claimed.
func TestUninstallKeepsPersistentVolumeClaims(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "stateful.yaml", `apiVersion: apps/v1
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
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "claims", "-f", path, "--wait=false")
	u.Must(t, "kubectl", "wait", "--for=jsonpath={.status.phase}=Pending", "persistentvolumeclaim/data-db-0", "-n", "claims", "--timeout=30s")
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "claims", "--yes")
	if got.Code != 0 || !strings.Contains(got.Stderr, "namespace claims is kept: contains objects not installed by this tool: persistentvolumeclaim claims/data-db-0") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	u.Must(t, "kubectl", "get", "persistentvolumeclaim", "data-db-0", "-n", "claims")
}

// gadgets is a CRD with versions, of which the last one is stored, and an object
// of that.
func gadgets(group string, versions ...string) string {
	return fixture.CRD("Gadget", "gadgets", group, versions...) + fmt.Sprintf(`---
apiVersion: %s/%s
kind: Gadget
metadata: {name: first}
spec: {size: 1}
`, group, versions[len(versions)-1])
}

// TestInstallNewCRDVersion moves an object to a version that is defined by
// the same manifest: it is neither refused nor pruned, and nobody else's
// object is taken for one that is not there.
func TestInstallNewCRDVersion(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	old := user.File(t, "old.yaml", gadgets("kept.example.com", "v1beta1"))
	next := user.File(t, "next.yaml", gadgets("kept.example.com", "v1beta1", "v1"))
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "versions", "-f", old)
	t.Cleanup(func() { u.Uninstall(t, "versions") })
	uid := u.Must(t, "kubectl", "get", "gadget", "first", "-n", "versions", "-o", "jsonpath={.metadata.uid}")
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "versions", "-f", next)
	if got.Code != 0 || strings.Contains(got.Stderr, "pruned") || !strings.HasPrefix(got.Summary(), "0 created, 2 configured, 1 unchanged in ") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if now := u.Must(t, "kubectl", "get", "gadget", "first", "-n", "versions", "-o", "jsonpath={.metadata.uid}"); now != uid {
		t.Errorf("the object is another one: %s, not %s", now, uid)
	}
}

// TestUninstallKeepsWhatCannotBeListed keeps what may hold something of the user's that nobody can
// see: a definition without a served version, and a namespace while a group of
// the API does not answer.
func TestUninstallKeepsWhatCannotBeListed(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "gadgets.yaml", gadgets("unseen.example.com", "v1"))
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "unseen", "-f", path)
	u.Must(t, "kubectl", "patch", "crd", "gadgets.unseen.example.com", "--type=json", "-p", `[{"op":"replace","path":"/spec/versions/0/served","value":false}]`)
	broken := `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.broken.example.com}
spec: {group: broken.example.com, version: v1, groupPriorityMinimum: 10, versionPriority: 10, insecureSkipTLSVerify: true, service: {name: nobody, namespace: default}}
`
	if got := u.Pipe(t, broken, "kubectl", "apply", "-f", "-"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "unseen", "--yes")
	u.Must(t, "kubectl", "delete", "apiservice", "v1.broken.example.com")
	for _, want := range []string{
		"customresourcedefinition gadgets.unseen.example.com is kept: cannot check it for objects not installed by this tool: no version is served",
		"namespace unseen is kept: cannot check it for objects not installed by this tool: the server behind broken.example.com/v1 does not answer",
	} {
		if !strings.Contains(got.Stderr, want) {
			t.Errorf("exit code %d, no %q in\n%s", got.Code, want, got.Stderr)
		}
	}
}

// TestInstallRefusesInventoryName refuses a manifest that would overwrite the inventory.
func TestInstallRefusesInventoryName(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "parent.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-demo}\n")
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "parents", "-f", path)
	if lines := got.Errors(); got.Code != 2 || len(lines) != 1 || !strings.Contains(lines[0], "is reserved for the inventory") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
}

// TestUninstallWithoutInventory uninstalls although somebody has deleted the inventory.
func TestUninstallWithoutInventory(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "small.yaml", small)
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "lost", "-f", path)
	u.Must(t, "kubectl", "delete", "configmap", "istio-demo", "-n", "lost")
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "lost", "--yes")
	if got.Code != 0 || !strings.Contains(got.Stderr, "\n4 removed, 0 kept in ") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
}

// TestInstallRefusesUnrelatedManifest installs a second manifest over a first one with
// which it has nothing in common.
func TestInstallRefusesUnrelatedManifest(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	first := user.File(t, "first.yaml", small)
	second := user.File(t, "second.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "replaced", "-f", first)
	t.Cleanup(func() { u.Uninstall(t, "replaced") })
	recorder.Drain()
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "replaced", "-f", second)
	want := "second.yaml lacks 3 of the 3 objects of " + first + " that are installed in namespace replaced, and would delete them; delete them with --prune"
	if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.Contains(lines[0], want) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if _, writes := recorder.Drain(); len(writes) > 0 {
		t.Errorf("something was written: %v", writes)
	}
	asked := u.Run(t, "kubectl", "istio-demo", "install", "-n", "replaced", "-f", second, "--prune")
	if asked.Code != 0 || !strings.HasPrefix(asked.Summary(), "1 created, 0 configured, 1 unchanged, 3 pruned in ") {
		t.Errorf("exit code %d\n%s", asked.Code, asked.Stderr)
	}
}
