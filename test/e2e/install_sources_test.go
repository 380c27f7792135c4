package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// ownManifest brings a namespace, a definition and an object of it in the
// wrong order, a List, a Job and a workload.
const ownManifest = `# a manifest of one's own
apiVersion: demo.example.com/v1
kind: Widget
metadata:
  name: first
spec:
  size: 3
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: settings
  data:
    mode: demo
- apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: runner
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      serviceAccountName: runner
      containers:
      - name: web
        image: registry.example.com/web:1
---
apiVersion: batch/v1
kind: Job
metadata:
  name: once
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: once
        image: registry.example.com/once:1
---
# nothing but a comment
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.demo.example.com
spec:
  group: demo.example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer}
`

// TestInstallSources reads the same manifest in every way that there is.
func TestInstallSources(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "own.yaml", ownManifest)
	folder := filepath.Dir(path)
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("not: [a manifest"), 0o644); err != nil {
		t.Fatal(err)
	}
	nested := filepath.Join(t.TempDir(), "outer")
	if err := os.MkdirAll(nested, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(nested, "inner"), os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	kustomization := filepath.Join(t.TempDir(), "kustomization")
	if err := os.CopyFS(kustomization, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(kustomization, "kustomization.yaml"), []byte("resources: [own.yaml]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(server.Close)
	asJSON := `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"a": "b"}}]}`

	for _, test := range []struct {
		name, stdin string
		flags       []string
		objects     string
	}{
		{"file", "", []string{"-f", path}, "7"},
		{"stdin", ownManifest, []string{"-f", "-"}, "7"},
		{"directory", "", []string{"-f", folder}, "7"},
		{"recursive", "", []string{"-R", "-f", nested}, "7"},
		{"glob", "", []string{"-f", filepath.Join(folder, "*.yaml")}, "7"},
		{"kustomize", "", []string{"-k", kustomization}, "7"},
		{"url", "", []string{"--allow-http", "-f", server.URL + "/own.yaml"}, "7"},
		{"json", asJSON, []string{"-f", "-"}, "3"},
		{"crlf", strings.ReplaceAll(ownManifest, "\n", "\r\n"), []string{"-f", "-"}, "7"},
		{"bom", "\ufeff" + ownManifest, []string{"-f", "-"}, "7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			namespace := "own-" + test.name
			if test.name != "file" {
				// It stays, so that nobody waits until it has gone.
				u.Must(t, "kubectl", "create", "namespace", namespace)
			}
			// The CRD belongs to one installation only.
			t.Cleanup(func() { u.Uninstall(t, namespace) })
			arguments := append([]string{"kubectl", "istio-demo", "install", "--addons=none", "-n", namespace}, test.flags...)
			got := u.Pipe(t, test.stdin, arguments...)
			if got.Code != 0 || !strings.Contains(got.Summary(), " created, 0 configured, ") {
				t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
			}
			if !strings.Contains(got.Stderr, "("+test.objects+" objects)") {
				t.Errorf("not %s objects:\n%s", test.objects, got.Stderr)
			}
			if mode := u.Must(t, "kubectl", "get", "configmap", "settings", "-n", namespace, "-o", "name"); mode != "configmap/settings\n" {
				t.Errorf("the config map is %q", mode)
			}
			again := u.Pipe(t, test.stdin, append(arguments, "-o", "json")...)
			if test.name != "json" && !strings.Contains(again.Stdout, `"openAPIV3Schema"`) {
				t.Errorf("the definition is printed without its schema:\n%s", again.Stdout)
			}
			if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, "+test.objects+" unchanged in ") {
				t.Errorf("a second run: exit code %d\n%s", again.Code, again.Stderr)
			}
			if test.name == "json" {
				return
			}
			if !strings.Contains(got.Stdout, "web-") || strings.Count(got.Stdout, "Running") != 2 {
				t.Errorf("the pods are\n%s", got.Stdout)
			}
			if size := u.Must(t, "kubectl", "get", "widget", "first", "-n", namespace, "-o", "jsonpath={.spec.size}"); size != "3" {
				t.Errorf("the widget's size is %q", size)
			}
			if done := u.Must(t, "kubectl", "get", "job", "once", "-n", namespace, "-o", "jsonpath={.status.succeeded}"); done != "1" {
				t.Errorf("install did not wait for the job: succeeded is %q", done)
			}
		})
	}
}

// TestInstallDryRun promises to write nothing, and the recorder holds it to that.
func TestInstallDryRun(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	path := user.File(t, "own.yaml", strings.ReplaceAll(ownManifest, "demo.example.com", "dry.example.com"))

	t.Run("client", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "dry", "--dry-run=client")
		requests, _ := recorder.Drain()
		if got.Code != 0 || len(requests) != 0 {
			t.Errorf("exit code %d, requests %v\n%s", got.Code, requests, got.Stderr)
		}
		if !strings.Contains(got.Stdout, "deployment.apps/web applied (dry run)\n") || strings.Count(got.Stdout, "\n") != 7 {
			t.Errorf("got\n%s", got.Stdout)
		}
		yaml := u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "dry", "--dry-run=client", "-o", "yaml")
		if !strings.Contains(yaml, "kind: Widget") || !strings.Contains(yaml, "namespace: dry\n") {
			t.Errorf("got\n%s", yaml)
		}
	})
	t.Run("server on nothing", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "dry", "--dry-run=server")
		requests, writes := recorder.Drain()
		if got.Code != 0 || len(writes) != 0 || len(requests) == 0 {
			t.Errorf("exit code %d, %d requests, writes %v\n%s", got.Code, len(requests), writes, got.Stderr)
		}
		for _, want := range []string{"namespace/dry created (server dry run)\n", "deployment.apps/web created (server dry run, not validated)\n", "\nnot validated: "} {
			if strings.Count(got.Stdout, want) != 1 {
				t.Errorf("%q is not once in\n%s", want, got.Stdout)
			}
		}
	})
	t.Run("server on something", func(t *testing.T) {
		u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "dry")
		changed := user.File(t, "changed.yaml", strings.Replace(strings.ReplaceAll(ownManifest, "demo.example.com", "dry.example.com"), "mode: demo", "mode: other", 1))
		recorder.Drain()
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", changed, "-n", "dry", "--dry-run=server")
		if _, writes := recorder.Drain(); got.Code != 0 || len(writes) != 0 {
			t.Errorf("exit code %d, writes %v\n%s", got.Code, writes, got.Stderr)
		}
		if got.Stdout != "configmap/settings configured (server dry run)\n" {
			t.Errorf("not only what changes is printed, but\n%s", got.Stdout)
		}
	})
}
