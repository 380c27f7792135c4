package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

const (
	repeatedYAML = `apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: ClusterIP
  ports: [{port: 1}, {port: 2, name: second}]
  selector: {app: first}
  ports:
  - {port: 3, name: a}
  type: NodePort
  selector: {app: web, app: last}
`
	repeatedJSON = `{
	"apiVersion": "v1", "kind": "ConfigMap",
	"metadata": {"name": "lost", "labels": {"a": "b"}},
	"data": {"x": "1", "x": "2"},
	"metadata": {"name": "kept"},
	"data": {"x": "3", "y": "4"}
}
`
	// unseparated has two objects and no separator.
	unseparated = `apiVersion: v1
kind: ConfigMap
metadata: {name: first}
data: {a: b}
apiVersion: v1
kind: Secret
metadata: {name: second}
`
	plainYAML = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  text: |\n    one\n    two\n"
)

// TestManifestDecodesLikeKubectl has kubectl read the same files.
func TestManifestDecodesLikeKubectl(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	for _, test := range []struct{ name, text string }{
		{"repeated.yaml", repeatedYAML},
		{"repeated.json", repeatedJSON},
		{"repeated-in-list.yaml", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  data: {x: a, x: b}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n"},
		{"unseparated.yaml", unseparated + "data: {c: ZA==}\ntype: Opaque\nmetadata: {labels: {only: this}, name: third}\n---\n" + strings.Replace(plainYAML, "name: a", "name: last", 1)},
		{"mark.yaml", "\ufeff" + plainYAML},
		{"windows.yaml", strings.ReplaceAll(plainYAML+"---\n"+strings.Replace(plainYAML, "name: a", "name: b", 1), "\n", "\r\n")},
		{"tabs.yaml", "apiVersion: v1\t\nkind: ConfigMap\t# a comment\nmetadata:\n  name:\ta\n"},
		{"tabs.json", "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"ConfigMap\",\n\t\"metadata\": {\"name\": \"a\"}\n}\n"},
		{"stream.json", `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}} {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}`},
		{"comments.yaml", "# nothing\n---\n# nothing\n---\n" + plainYAML + "---\n\n"},
		{"old.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {\"a\": 'yes', b: \"0755\", c: '1e3'}\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := user.File(t, test.name, test.text)
			// One object that a separator would have saved: kubectl's reading is
			// that of the last one, ours with --strict=false is of both.
			if test.name == "unseparated.yaml" {
				got := u.Run(t, "kubectl", "istio-demo", "manifest", "-n", "default", "-o", "json", "-f", path)
				if got.Code != 2 || len(got.Errors()) != 1 {
					t.Errorf("strictly: exit code %d\n%s", got.Code, got.Stderr)
				}
			}
			theirs := objects(t, u.Must(t, "kubectl", "create", "--dry-run=client", "-o", "json", "-f", path))
			ours := objects(t, u.Must(t, "kubectl", "istio-demo", "manifest", "-n", "default", "-o", "json", "--strict=false", "-f", path))
			if !reflect.DeepEqual(ours, theirs) {
				t.Errorf("kubectl reads\n%v, and we\n%v", theirs, ours)
			}
		})
	}
}

// TestManifestRefusesLikeKubectl has files that neither of the two reads.
func TestManifestRefusesLikeKubectl(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	for _, test := range []struct{ name, text, want string }{
		{"tab.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n", "(line 4): not valid YAML: found character that cannot start any token"},
		{"comments.yaml", "# nothing\n", "no objects found"},
		{"text.yaml", plainYAML + "---\nfoo: bar\n", "document 2 (line 10): the object has no kind"},
		{"word.yaml", plainYAML + "---\nfoo\n", "document 2 (line 10): not a Kubernetes object"},
		{"nameless.json", `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "metadata": {"labels": {"a": "b"}}}`, "configmap has no metadata.name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := user.File(t, test.name, test.text)
			if got := u.Run(t, "kubectl", "apply", "--dry-run=server", "-f", path); got.Code == 0 {
				t.Errorf("kubectl reads it:\n%s", got.Stdout)
			}
			got := u.Run(t, "kubectl", "istio-demo", "manifest", "--strict=false", "-f", path)
			if lines := got.Errors(); got.Code != 2 || len(lines) != 1 || !strings.Contains(lines[0], test.want) || got.Stdout != "" {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
		})
	}
}

// objects gives those of a JSON List, or the one of another answer, by name
// and without what namespace they came to.
func objects(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(text))
	for decoder.More() {
		var one unstructured.Unstructured
		if err := decoder.Decode(&one.Object); err != nil {
			t.Fatal(err)
		}
		all := []any{one.Object}
		if one.GetKind() == "List" {
			all, _, _ = unstructured.NestedSlice(one.Object, "items")
		}
		for _, item := range all {
			object := unstructured.Unstructured{Object: item.(map[string]any)}
			unstructured.RemoveNestedField(object.Object, "metadata", "namespace")
			if object.GetKind() != "Namespace" {
				found[object.GetKind()+"/"+object.GetName()] = object.Object
			}
		}
	}
	return found
}

// TestManifestDuplicateKeys looks at what install says of a file that says two
// things, and at what it does.
func TestManifestDuplicateKeys(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	t.Cleanup(func() { u.Uninstall(t, "repeated") })
	path := user.File(t, "demo.yaml", plainYAML+"---\n"+repeatedYAML)
	want := []string{
		"warning: " + path + ", document 2 (line 17): service web: spec.ports is set twice; the last one wins\n",
		"warning: " + path + ", document 2 (line 19): service web: spec.type is set twice; the last one wins\n",
		"warning: " + path + ", document 2 (line 20): service web: spec.selector is set twice; the last one wins\n",
		"warning: " + path + ", document 2 (line 20): service web: spec.selector.app is set twice; the last one wins\n",
	}
	for _, command := range [][]string{{"manifest"}, {"rbac"}, {"check"}, {"install", "--dry-run=client"}, {"install"}, {"diff"}} {
		got := u.Run(t, append(append([]string{"kubectl", "istio-demo"}, command...), "-n", "repeated", "-f", path)...)
		if got.Code != 0 || strings.Count(got.Stderr, "warning: "+path) != len(want) {
			t.Errorf("%s: exit code %d\n%s%s", command, got.Code, got.Stdout, got.Stderr)
		}
		for _, warning := range want {
			if !strings.Contains(got.Stderr, warning) {
				t.Errorf("%s: %q is not in\n%s", command, warning, got.Stderr)
			}
		}
	}
	if kind := u.Must(t, "kubectl", "get", "service", "web", "-n", "repeated", "-o", "jsonpath={.spec.type} {.spec.selector.app} {.spec.ports[*].port}"); kind != "NodePort last 3" {
		t.Errorf("the service is %q", kind)
	}
}

// TestManifestMissingSeparator refuses what kubectl would lose in silence, and reads it if
// told to.
func TestManifestMissingSeparator(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "demo.yaml", unseparated)
	for _, command := range []string{"install", "check", "diff", "manifest", "rbac"} {
		got := u.Run(t, "kubectl", "istio-demo", command, "-n", "unseparated", "-f", path)
		want := "error: " + path + ", document 1 (line 5): secret second starts here, in the same document as configmap first; separate them with --- above this line, or read them as two objects with --strict=false"
		if lines := got.Errors(); got.Code != 2 || len(lines) != 1 || lines[0] != want {
			t.Errorf("%s: exit code %d\n%s", command, got.Code, got.Stderr)
		}
	}
	if got := u.Run(t, "kubectl", "get", "namespace", "unseparated"); got.Code == 0 {
		t.Error("something was written")
	}
	t.Cleanup(func() { u.Uninstall(t, "unseparated") })
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "unseparated", "--strict=false", "-f", path)
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "3 created, ") || strings.Count(got.Stderr, "warning: "+path) != 1 {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if names := u.Must(t, "kubectl", "get", "configmap/first", "secret/second", "-n", "unseparated", "-o", "name"); names != "configmap/first\nsecret/second\n" {
		t.Errorf("there is %s", names)
	}
}

// TestManifestDirectory counts documents and lines in each file anew.
func TestManifestDirectory(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	folder := filepath.Dir(user.File(t, "a.yaml", repeatedYAML))
	for name, text := range map[string]string{"b.json": repeatedJSON, "c.yml": "# nothing\n", "notes.txt": "a: b: c"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := u.Run(t, "kubectl", "istio-demo", "manifest", "-n", "default", "-o", "json", "--strict=false", "-f", folder)
	if got.Code != 0 || len(objects(t, got.Stdout)) != 2 {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	for _, want := range []string{
		"a.yaml, document 1 (line 8): service web: spec.ports is set twice",
		"b.json, document 1 (line 5): configmap kept: metadata is set twice; the last one wins, and the first is lost",
		"b.json, document 1 (line 4): configmap kept: data.x is set twice",
		"b.json, document 1 (line 6): configmap kept: data is set twice",
	} {
		if !strings.Contains(got.Stderr, want) {
			t.Errorf("%q is not in\n%s", want, got.Stderr)
		}
	}
}
