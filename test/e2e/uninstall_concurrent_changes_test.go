package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestUsersMeanwhile has somebody make a custom resource after its definition was
// looked into, while the deletion of a workload takes its time.
func TestUsersMeanwhile(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	direct, u := newUser(t, sharedCluster(t).Kubeconfig), newUser(t, recorder.kubeconfig)
	direct.must(t, "kubectl", "create", "namespace", "meanwhile")
	direct.must(t, "kubectl", "istio-demo", "install", "-n", "meanwhile", "-f", write(t, "gadget.yaml", gadgetDefinition("meanwhile.example.com", []string{"v1"}, "v1")+"---\n"+web), "--wait=false")
	direct.must(t, "kubectl", "wait", "--for=condition=Established", "--timeout=60s", "crd/gadgets.meanwhile.example.com")
	recorder.before(stores(http.MethodDelete, "/deployments/web"), func() {
		made := direct.runWith(t, "apiVersion: meanwhile.example.com/v1\nkind: Gadget\nmetadata: {name: theirs, namespace: meanwhile}\n", "kubectl", "create", "-f", "-")
		if made.code != 0 {
			t.Error(made.stderr)
		}
	})
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "meanwhile", "--yes")
	if got.code != 0 || !strings.Contains(got.stderr, "customresourcedefinition gadgets.meanwhile.example.com is kept: it holds gadget meanwhile/theirs of yours") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	direct.must(t, "kubectl", "delete", "crd", "gadgets.meanwhile.example.com") // which is nobody's now
	uninstall(t, direct, "meanwhile")
}

// TestDefinitionsEnd has a custom resource that nobody could see hold its
// definition.
func TestDefinitionsEnd(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	direct, u := newUser(t, sharedCluster(t).Kubeconfig), newUser(t, recorder.kubeconfig)
	direct.must(t, "kubectl", "create", "namespace", "ending")
	direct.must(t, "kubectl", "istio-demo", "install", "-n", "ending", "-f", write(t, "gadget.yaml", gadgetDefinition("ending.example.com", []string{"v1"}, "v1")+"---\n"+web), "--wait=false")
	direct.must(t, "kubectl", "wait", "--for=condition=Established", "--timeout=60s", "crd/gadgets.ending.example.com")
	recorder.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if request.Method == http.MethodDelete && strings.HasSuffix(request.URL.Path, "/gadgets.ending.example.com") {
			held := "apiVersion: ending.example.com/v1\nkind: Gadget\nmetadata: {name: held, namespace: ending, finalizers: [example.com/hold]}\n"
			if made := direct.runWith(t, held, "kubectl", "create", "-f", "-"); made.code != 0 {
				t.Error(made.stderr)
			}
		}
		forward.ServeHTTP(w, request)
	}
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "ending", "--yes", "--timeout=4s")
	lines := errorLines(got.stderr)
	if got.code != 3 || len(lines) != 2 ||
		lines[0] != "error: timed out after 4s: customresourcedefinition gadgets.ending.example.com is deleted, but objects of its kind are not gone yet; see which with 'kubectl get gadgets.ending.example.com -A'" ||
		lines[1] != "error: 2 of the demo's objects removed, only its inventory left; fix the cause, then rerun the same command" {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	again := direct.run(t, "kubectl", "istio-demo", "uninstall", "-n", "ending", "--yes")
	if again.code != 0 || !strings.Contains(again.stderr, "gadgets.ending.example.com is kept: its deletion has begun before, and waits for gadget ending/held of yours") {
		t.Errorf("again: exit code %d\n%s", again.code, again.stderr)
	}
	direct.must(t, "kubectl", "patch", "gadget", "held", "-n", "ending", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	direct.must(t, "kubectl", "wait", "--for=delete", "crd", "gadgets.ending.example.com", "--timeout=60s")
	if again := direct.must(t, "kubectl", "istio-demo", "uninstall", "-n", "ending", "--yes"); again != "nothing is installed in namespace ending\n" {
		t.Errorf("again: it says %s", again)
	}
}
