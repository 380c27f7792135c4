package e2e

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/file"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	removal "github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

const pair = `{apiVersion: v1, kind: ConfigMap, metadata: {name: first}, data: {mode: demo}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: second}, data: {mode: demo}}
`

// TestInstallObjectCreatedConcurrently has somebody create an object between install's look and
// its write: it stays theirs, and no uninstall deletes it.
func TestInstallObjectCreatedConcurrently(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	direct, u := user.New(t, controlplane.Shared(t).Kubeconfig), user.New(t, recorder.Kubeconfig)
	direct.Must(t, "kubectl", "create", "namespace", "between")
	recorder.Before(apiproxy.Stores(http.MethodPatch, "/namespaces/between/configmaps/second"), func() {
		direct.Must(t, "kubectl", "create", "configmap", "second", "-n", "between", "--from-literal=mode=theirs")
	})
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "between", "-f", user.File(t, "pair.yaml", pair))
	if lines := got.Errors(); got.Code != 1 || len(lines) != 1 ||
		!strings.Contains(lines[0], "configmap between/second: created by kubectl since the checks, and left alone; rerun the same command") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if labels := direct.Must(t, "kubectl", "get", "configmap", "second", "-n", "between", "-o", "jsonpath={.metadata.labels}{.data.mode}"); labels != "theirs" {
		t.Errorf("it is taken in: %s", labels)
	}
	direct.Uninstall(t, "between")
	direct.Must(t, "kubectl", "get", "configmap", "second", "-n", "between")
}

// TestInstallNamespaceCreatedConcurrently leaves a namespace to whoever was faster.
func TestInstallNamespaceCreatedConcurrently(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	direct, u := user.New(t, controlplane.Shared(t).Kubeconfig), user.New(t, recorder.Kubeconfig)
	recorder.Before(apiproxy.Stores(http.MethodPatch, "/api/v1/namespaces/faster"), func() { direct.Must(t, "kubectl", "create", "namespace", "faster") })
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "faster", "-f", user.File(t, "pair.yaml", pair))
	if got.Code != 0 {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	direct.Uninstall(t, "faster")
	direct.Must(t, "kubectl", "get", "namespace", "faster")
}

// connect connects as another program would.
func connect(t *testing.T, kubeconfig string) *cluster.Cluster {
	t.Helper()
	connected, err := cluster.Connect(controlplane.RESTConfig(t, kubeconfig), event.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return connected
}

// TestInstallChecksAgainAfterQuestion looks again at what was looked at before a question.
func TestInstallChecksAgainAfterQuestion(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "asked")
	path := user.File(t, "pair.yaml", pair)
	install := &install.Install{
		Cluster:   connect(t, controlplane.Shared(t).Kubeconfig),
		Namespace: manifest.Namespace{Name: "asked"},
		Read: func(ctx context.Context) (manifest.Manifest, error) {
			content, err := file.Read(ctx, file.Options{Filenames: []string{path}, In: os.Stdin})
			return manifest.Manifest{What: "pair.yaml", Objects: content.Objects}, err
		},
		Confirm: func(context.Context) error {
			u.Must(t, "kubectl", "create", "configmap", "second", "-n", "asked", "--from-literal=mode=theirs")
			return nil
		},
	}
	var refused *preflight.RefusedError
	if _, err := install.Run(t.Context()); !errors.As(err, &refused) || !strings.Contains(err.Error(), "configmap asked/second belongs to kubectl") {
		t.Errorf("the error is %v", err)
	}
	if left := u.Must(t, "kubectl", "get", "configmaps", "-n", "asked", "-o", "jsonpath={.items[*].metadata.name}"); left != "kube-root-ca.crt second" {
		t.Errorf("there are %s", left)
	}
}

// TestUninstallChecksAgainAfterQuestion keeps what somebody claims while uninstall asks.
func TestUninstallChecksAgainAfterQuestion(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "asked-again")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "asked-again", "-f", user.File(t, "pair.yaml", pair))
	removed, err := (&removal.Uninstall{
		Cluster:   connect(t, controlplane.Shared(t).Kubeconfig),
		Namespace: "asked-again",
		Confirm: func(named removal.Removal) error {
			if len(named.Removed) != 2 {
				t.Errorf("named are %v", named.Removed)
			}
			claimed := u.Pipe(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: second}, data: {mode: demo}}", "kubectl", "apply", "--server-side", "--field-manager=argocd-controller", "-n", "asked-again", "-f", "-")
			if claimed.Code != 0 {
				t.Error(claimed.Stderr)
			}
			return nil
		},
	}).Run(t.Context())
	if err != nil || len(removed.Removed) != 1 || len(removed.Kept) != 1 || removed.Kept[0].Why != "owned by argocd-controller now" {
		t.Errorf("%+v, %v", removed, err)
	}
	u.Must(t, "kubectl", "get", "configmap", "second", "-n", "asked-again")
}

// TestInstallTwiceConcurrently has another install begin and end right before the first
// one writes its inventory: nothing of either is forgotten.
func TestInstallTwiceConcurrently(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	direct, u := user.New(t, controlplane.Shared(t).Kubeconfig), user.New(t, recorder.Kubeconfig)
	direct.Must(t, "kubectl", "create", "namespace", "two-firsts")
	other := user.File(t, "other.yaml", "{apiVersion: v1, kind: ServiceAccount, metadata: {name: other}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {ports: [{port: 80}]}}\n")
	recorder.Before(apiproxy.Stores(http.MethodPatch, "/configmaps/istio-demo"), func() {
		direct.Must(t, "kubectl", "istio-demo", "install", "-n", "two-firsts", "-f", other)
	})
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "two-firsts", "-f", user.File(t, "pair.yaml", pair))
	if got.Code != 1 || !strings.Contains(got.Stderr, "another install or uninstall is running in this namespace") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	direct.Uninstall(t, "two-firsts")
	if left := direct.Must(t, "kubectl", "get", "configmaps,services,serviceaccounts", "-n", "two-firsts", "-o", "name"); left != "configmap/kube-root-ca.crt\nserviceaccount/default\n" {
		t.Errorf("left are %s", left)
	}
}

// TestInstallDuringUninstall has an install run when an uninstall is about to
// delete the inventory, or has deleted the objects: what was installed can be
// uninstalled.
func TestInstallDuringUninstall(t *testing.T) {
	controlplane.Shared(t)
	for name, moment := range map[string]func(*http.Request) bool{
		"inventory":  apiproxy.Stores(http.MethodDelete, "/configmaps/istio-demo"),
		"last-check": func(request *http.Request) bool { return strings.Contains(request.URL.RawQuery, "labelSelector") },
	} {
		t.Run(name, func(t *testing.T) {
			recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
			direct, u := user.New(t, controlplane.Shared(t).Kubeconfig), user.New(t, recorder.Kubeconfig)
			namespace := "during-" + name
			direct.Must(t, "kubectl", "create", "namespace", namespace)
			direct.Must(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", user.File(t, "pair.yaml", pair))
			var deleted atomic.Bool
			recorder.Before(func(request *http.Request) bool {
				if request.Method == http.MethodDelete {
					deleted.Store(true)
				}
				return deleted.Load() && moment(request)
			}, func() {
				more := pair + "---\n{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {ports: [{port: 80}]}}\n"
				direct.Must(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", user.File(t, "more.yaml", more))
			})
			got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", namespace, "--yes")
			if got.Code != 1 || !strings.Contains(got.Stderr, "another install or uninstall is running in this namespace") {
				t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
			}
			direct.Must(t, "kubectl", "get", "configmaps/istio-demo", "services/other", "-n", namespace)
			direct.Uninstall(t, namespace)
			if left := direct.Must(t, "kubectl", "get", "configmaps,services", "-n", namespace, "-o", "name"); left != "configmap/kube-root-ca.crt\n" {
				t.Errorf("left are %s", left)
			}
		})
	}
}
