package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallDuplicates has files that were put together of others.
func TestInstallDuplicates(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: a}\n"
	t.Cleanup(func() { u.Uninstall(t, "twice") })
	path := user.File(t, "twice.yaml", settings+"---\n"+settings)
	for _, command := range []string{"manifest", "check", "install", "diff"} {
		got := u.Run(t, "kubectl", "istio-demo", command, "-n", "twice", "-f", path)
		want := "warning: " + path + ", document 2 (line 6): configmap twice/settings is already defined in " + path + ", document 1 (line 1) in the same words; it is applied once\n"
		if got.Code != 0 || strings.Count(got.Stderr, want) != 1 {
			t.Errorf("%s: exit code %d\n%s%s", command, got.Code, got.Stdout, got.Stderr)
		}
	}
	path = user.File(t, "differs.yaml", settings+"---\n"+strings.Replace(settings, "mode: a", "mode: b", 1))
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "twice", "-f", path)
	if lines := got.Errors(); got.Code != 2 || len(lines) != 1 || !strings.Contains(lines[0], "differs in data.mode; keep one of them, or use the last one with --strict=false") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	got = u.Run(t, "kubectl", "istio-demo", "install", "-n", "twice", "-f", path, "--strict=false")
	if got.Code != 0 || !strings.Contains(got.Stderr, "differs in data.mode; the last one wins") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if mode := u.Must(t, "kubectl", "get", "configmap", "settings", "-n", "twice", "-o", "jsonpath={.data.mode}"); mode != "b" {
		t.Errorf("the mode is %q", mode)
	}
}

// TestInstallExported installs what kubectl printed of another cluster.
func TestInstallExported(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	t.Cleanup(func() { u.Uninstall(t, "exported") })
	const list = `apiVersion: v1
kind: List
metadata: {resourceVersion: "", selfLink: ""}
items:
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: first
    creationTimestamp: "2020-06-01T10:00:00Z"
    uid: 7b1a5a3e-0000-4000-8000-000000000001
    selfLink: /api/v1/namespaces/default/configmaps/first
    ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: gone, uid: 7b1a5a3e-0000-4000-8000-000000000002}]
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: second
    resourceVersion: "12345"
    managedFields: [{manager: kubectl, operation: Update, apiVersion: v1, fieldsType: FieldsV1, fieldsV1: {"f:data": {"f:a": {}}}}]
- apiVersion: v1
  kind: Service
  metadata: {name: web}
  spec: {ports: [{port: 80}]}
  status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
`
	path := user.File(t, "exported.yaml", list)
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "exported", "-f", path)
	want := "warning: left out what only the server writes, of 3 objects, such as configmap first: metadata.creationTimestamp, metadata.managedFields, metadata.ownerReferences, metadata.resourceVersion, metadata.selfLink, metadata.uid, status\n"
	if got.Code != 0 || !strings.Contains(got.Stderr, want) || !strings.HasPrefix(got.Summary(), "4 created, ") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "exported", "-f", path); got.Code != 0 || !strings.HasPrefix(got.Summary(), "0 created, 0 configured, 4 unchanged") {
		t.Errorf("a second time: exit code %d\n%s", got.Code, got.Stderr)
	}
}

// TestInstallStringData takes a key of a Secret away that was written as a string.
func TestInstallStringData(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	t.Cleanup(func() { u.Uninstall(t, "string-data") })
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {username: admin, password: first}\n"
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "string-data", "-f", user.File(t, "first.yaml", secret))
	second := user.File(t, "second.yaml", strings.Replace(secret, "username", "user", 1))
	if got := u.Run(t, "kubectl", "istio-demo", "diff", "-n", "string-data", "-f", second); got.Code != 1 || !strings.Contains(got.Stdout, "-  username:") || !strings.Contains(got.Stdout, "+  user:") {
		t.Errorf("diff: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "string-data", "-f", second)
	if data := u.Must(t, "kubectl", "get", "secret", "login", "-n", "string-data", "-o", "jsonpath={.data}"); data != `{"password":"Zmlyc3Q=","user":"YWRtaW4="}` {
		t.Errorf("the data is %s", data)
	}
}
