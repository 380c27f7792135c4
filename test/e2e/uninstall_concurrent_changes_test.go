package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestUninstallCustomResourceCreatedConcurrently has somebody make a custom resource after its definition was
// looked into, while the deletion of a workload takes its time.
func TestUninstallCustomResourceCreatedConcurrently(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	direct, u := user.New(t, controlplane.Shared(t).Kubeconfig), user.New(t, recorder.Kubeconfig)
	direct.Must(t, "kubectl", "create", "namespace", "meanwhile")
	direct.Must(t, "kubectl", "istio-demo", "install", "-n", "meanwhile", "-f", user.File(t, "gadget.yaml", fixture.Join(fixture.CRD("Gadget", "gadgets", "meanwhile.example.com", "v1"), web)), "--wait=false")
	direct.Must(t, "kubectl", "wait", "--for=condition=Established", "--timeout=60s", "crd/gadgets.meanwhile.example.com")
	recorder.Before(apiproxy.Stores(http.MethodDelete, "/deployments/web"), func() {
		made := direct.Pipe(t, "apiVersion: meanwhile.example.com/v1\nkind: Gadget\nmetadata: {name: theirs, namespace: meanwhile}\n", "kubectl", "create", "-f", "-")
		if made.Code != 0 {
			t.Error(made.Stderr)
		}
	})
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "meanwhile", "--yes")
	if got.Code != 0 || !strings.Contains(got.Stderr, "customresourcedefinition gadgets.meanwhile.example.com is kept: contains objects not installed by this tool: gadget meanwhile/theirs") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	direct.Must(t, "kubectl", "delete", "crd", "gadgets.meanwhile.example.com") // which is nobody's now
	direct.Uninstall(t, "meanwhile")
}

// TestUninstallCRDInUse has a custom resource that nobody could see hold its
// definition.
func TestUninstallCRDInUse(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	direct, u := user.New(t, controlplane.Shared(t).Kubeconfig), user.New(t, recorder.Kubeconfig)
	direct.Must(t, "kubectl", "create", "namespace", "ending")
	direct.Must(t, "kubectl", "istio-demo", "install", "-n", "ending", "-f", user.File(t, "gadget.yaml", fixture.Join(fixture.CRD("Gadget", "gadgets", "ending.example.com", "v1"), web)), "--wait=false")
	direct.Must(t, "kubectl", "wait", "--for=condition=Established", "--timeout=60s", "crd/gadgets.ending.example.com")
	recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if request.Method == http.MethodDelete && strings.HasSuffix(request.URL.Path, "/gadgets.ending.example.com") {
			held := "apiVersion: ending.example.com/v1\nkind: Gadget\nmetadata: {name: held, namespace: ending, finalizers: [example.com/hold]}\n"
			if made := direct.Pipe(t, held, "kubectl", "create", "-f", "-"); made.Code != 0 {
				t.Error(made.Stderr)
			}
		}
		forward.ServeHTTP(w, request)
	}
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "ending", "--yes", "--timeout=4s")
	lines := got.Errors()
	if got.Code != 3 || len(lines) != 2 ||
		lines[0] != "error: timed out after 4s: customresourcedefinition gadgets.ending.example.com is deleted, but its custom resources still exist; list them with 'kubectl get gadgets.ending.example.com -A'" ||
		lines[1] != "error: 2 of the demo's objects removed, only its inventory left; fix the cause, then rerun the same command" {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	again := direct.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "ending", "--yes")
	if again.Code != 0 || !strings.Contains(again.Stderr, "gadgets.ending.example.com is kept: already being deleted, waiting for objects not installed by this tool: gadget ending/held") {
		t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
	}
	direct.Must(t, "kubectl", "patch", "gadget", "held", "-n", "ending", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	direct.Must(t, "kubectl", "wait", "--for=delete", "crd", "gadgets.ending.example.com", "--timeout=60s")
	if again := direct.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "ending", "--yes"); again != "nothing is installed in namespace ending\n" {
		t.Errorf("again: it says %s", again)
	}
}
