package e2e

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	removal "github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/file"
)

// before has something done once, right before the first request that matches
// gets through.
func (r *recorder) before(match func(*http.Request) bool, do func()) {
	once := sync.OnceFunc(do)
	r.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if match(request) {
			once()
		}
		forward.ServeHTTP(w, request)
	}
}

// stores matches a request that stores an object.
func stores(method, suffix string) func(*http.Request) bool {
	return func(request *http.Request) bool {
		return request.Method == method && strings.HasSuffix(request.URL.Path, suffix) && request.URL.Query().Get("dryRun") == ""
	}
}

const pair = `{apiVersion: v1, kind: ConfigMap, metadata: {name: first}, data: {mode: demo}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: second}, data: {mode: demo}}
`

// TestCreatedMeanwhile has somebody create an object between install's look and
// its write: it stays theirs, and no uninstall deletes it.
func TestCreatedMeanwhile(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	direct, u := newUser(t, sharedCluster(t).Kubeconfig), newUser(t, recorder.kubeconfig)
	direct.must(t, "kubectl", "create", "namespace", "between")
	recorder.before(stores(http.MethodPatch, "/namespaces/between/configmaps/second"), func() {
		direct.must(t, "kubectl", "create", "configmap", "second", "-n", "between", "--from-literal=mode=theirs")
	})
	got := u.run(t, "kubectl", "istio-demo", "install", "-n", "between", "-f", write(t, "pair.yaml", pair))
	if lines := errorLines(got.stderr); got.code != 1 || len(lines) != 1 ||
		!strings.Contains(lines[0], "configmap between/second: created by kubectl since the checks, and left alone; rerun the same command") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if labels := direct.must(t, "kubectl", "get", "configmap", "second", "-n", "between", "-o", "jsonpath={.metadata.labels}{.data.mode}"); labels != "theirs" {
		t.Errorf("it is taken in: %s", labels)
	}
	uninstall(t, direct, "between")
	direct.must(t, "kubectl", "get", "configmap", "second", "-n", "between")
}

// TestNamespaceCreatedMeanwhile leaves a namespace to whoever was faster.
func TestNamespaceCreatedMeanwhile(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	direct, u := newUser(t, sharedCluster(t).Kubeconfig), newUser(t, recorder.kubeconfig)
	recorder.before(stores(http.MethodPatch, "/api/v1/namespaces/faster"), func() { direct.must(t, "kubectl", "create", "namespace", "faster") })
	got := u.run(t, "kubectl", "istio-demo", "install", "-n", "faster", "-f", write(t, "pair.yaml", pair))
	if got.code != 0 {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	uninstall(t, direct, "faster")
	direct.must(t, "kubectl", "get", "namespace", "faster")
}

// connect connects as another program would.
func connect(t *testing.T, kubeconfig string) *cluster.Cluster {
	t.Helper()
	connected, err := cluster.Connect(restConfig(t, kubeconfig), event.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return connected
}

// TestAskedMeanwhile looks again at what was looked at before a question.
func TestAskedMeanwhile(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "asked")
	path := write(t, "pair.yaml", pair)
	install := &install.Install{
		Cluster:   connect(t, sharedCluster(t).Kubeconfig),
		Namespace: manifest.Namespace{Name: "asked"},
		Read: func(ctx context.Context) (manifest.Manifest, error) {
			content, err := file.Read(ctx, file.Options{Filenames: []string{path}, In: os.Stdin})
			return manifest.Manifest{What: "pair.yaml", Objects: content.Objects}, err
		},
		Confirm: func(context.Context) error {
			u.must(t, "kubectl", "create", "configmap", "second", "-n", "asked", "--from-literal=mode=theirs")
			return nil
		},
	}
	var refused *preflight.RefusedError
	if _, err := install.Run(t.Context()); !errors.As(err, &refused) || !strings.Contains(err.Error(), "configmap asked/second belongs to kubectl") {
		t.Errorf("the error is %v", err)
	}
	if left := u.must(t, "kubectl", "get", "configmaps", "-n", "asked", "-o", "jsonpath={.items[*].metadata.name}"); left != "kube-root-ca.crt second" {
		t.Errorf("there are %s", left)
	}
}

// TestUninstallAskedMeanwhile keeps what somebody claims while uninstall asks.
func TestUninstallAskedMeanwhile(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "asked-again")
	u.must(t, "kubectl", "istio-demo", "install", "-n", "asked-again", "-f", write(t, "pair.yaml", pair))
	removed, err := (&removal.Uninstall{
		Cluster:   connect(t, sharedCluster(t).Kubeconfig),
		Namespace: "asked-again",
		Confirm: func(named removal.Removal) error {
			if len(named.Removed) != 2 {
				t.Errorf("named are %v", named.Removed)
			}
			claimed := u.runWith(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: second}, data: {mode: demo}}", "kubectl", "apply", "--server-side", "--field-manager=argocd-controller", "-n", "asked-again", "-f", "-")
			if claimed.code != 0 {
				t.Error(claimed.stderr)
			}
			return nil
		},
	}).Run(t.Context())
	if err != nil || len(removed.Removed) != 1 || len(removed.Kept) != 1 || removed.Kept[0].Why != "it belongs to argocd-controller now" {
		t.Errorf("%+v, %v", removed, err)
	}
	u.must(t, "kubectl", "get", "configmap", "second", "-n", "asked-again")
}

// TestTwoFirstInstalls has another install begin and end right before the first
// one writes its inventory: nothing of either is forgotten.
func TestTwoFirstInstalls(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	direct, u := newUser(t, sharedCluster(t).Kubeconfig), newUser(t, recorder.kubeconfig)
	direct.must(t, "kubectl", "create", "namespace", "two-firsts")
	other := write(t, "other.yaml", "{apiVersion: v1, kind: ServiceAccount, metadata: {name: other}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {ports: [{port: 80}]}}\n")
	recorder.before(stores(http.MethodPatch, "/configmaps/istio-demo"), func() {
		direct.must(t, "kubectl", "istio-demo", "install", "-n", "two-firsts", "-f", other)
	})
	got := u.run(t, "kubectl", "istio-demo", "install", "-n", "two-firsts", "-f", write(t, "pair.yaml", pair))
	if got.code != 1 || !strings.Contains(got.stderr, "another install or uninstall is under way in this namespace") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	uninstall(t, direct, "two-firsts")
	if left := direct.must(t, "kubectl", "get", "configmaps,services,serviceaccounts", "-n", "two-firsts", "-o", "name"); left != "configmap/kube-root-ca.crt\nserviceaccount/default\n" {
		t.Errorf("left are %s", left)
	}
}

// TestInstalledDuringUninstall has an install run when an uninstall is about to
// delete the inventory, or has deleted the objects: what was installed can be
// uninstalled.
func TestInstalledDuringUninstall(t *testing.T) {
	sharedCluster(t)
	for name, moment := range map[string]func(*http.Request) bool{
		"inventory":  stores(http.MethodDelete, "/configmaps/istio-demo"),
		"last-check": func(request *http.Request) bool { return strings.Contains(request.URL.RawQuery, "labelSelector") },
	} {
		t.Run(name, func(t *testing.T) {
			recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
			direct, u := newUser(t, sharedCluster(t).Kubeconfig), newUser(t, recorder.kubeconfig)
			namespace := "during-" + name
			direct.must(t, "kubectl", "create", "namespace", namespace)
			direct.must(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", write(t, "pair.yaml", pair))
			var deleted atomic.Bool
			recorder.before(func(request *http.Request) bool {
				if request.Method == http.MethodDelete {
					deleted.Store(true)
				}
				return deleted.Load() && moment(request)
			}, func() {
				more := pair + "---\n{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {ports: [{port: 80}]}}\n"
				direct.must(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", write(t, "more.yaml", more))
			})
			got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", namespace, "--yes")
			if got.code != 1 || !strings.Contains(got.stderr, "another install or uninstall is under way in this namespace") {
				t.Errorf("exit code %d\n%s", got.code, got.stderr)
			}
			direct.must(t, "kubectl", "get", "configmaps/istio-demo", "services/other", "-n", namespace)
			uninstall(t, direct, namespace)
			if left := direct.must(t, "kubectl", "get", "configmaps,services", "-n", namespace, "-o", "name"); left != "configmap/kube-root-ca.crt\n" {
				t.Errorf("left are %s", left)
			}
		})
	}
}
