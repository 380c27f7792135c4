package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// TestOverdueDefinition has a definition's status change all the time while the
// API server begins to end it, so that it gives up. By itself it would look
// again after up to five minutes.
func TestOverdueDefinition(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	direct, u := newUser(t, sharedCluster(t).Kubeconfig), newUser(t, recorder.kubeconfig)
	client, err := dynamic.NewForConfig(restConfig(t, sharedCluster(t).Kubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	const definition = "gadgets.overdue.example.com"
	direct.must(t, "kubectl", "create", "namespace", "overdue")
	direct.must(t, "kubectl", "istio-demo", "install", "-n", "overdue", "-f", write(t, "gadget.yaml", gadgetDefinition("overdue.example.com", []string{"v1"}, "v1")+"---\n"+web))
	given := false
	recorder.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if request.Method != http.MethodDelete || !strings.HasSuffix(request.URL.Path, "/"+definition) {
			forward.ServeHTTP(w, request)
			return
		}
		given = true
		change := changing(t, client, definition)
		forward.ServeHTTP(w, request)
		<-time.After(2 * time.Second)
		change()
		if got := direct.run(t, "kubectl", "get", "crd", definition); got.code != 0 {
			t.Logf("it has ended all the same: %s", got.stderr)
		}
	}
	began := time.Now()
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "overdue", "--yes")
	if got.code != 0 || !given {
		t.Errorf("exit code %d, deleted %t\n%s", got.code, given, got.stderr)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v\n%s", took, got.stderr)
	}
	if left := direct.run(t, "kubectl", "get", "crd", definition); left.code == 0 {
		t.Errorf("it is left: %s", left.stdout)
	}
}

// changing changes what a definition says of its end, as often as it can, until
// what it gives is called.
func changing(t *testing.T, client dynamic.Interface, name string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	resource := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	go func() {
		defer close(done)
		for n := 0; ctx.Err() == nil; n++ {
			patch := fmt.Sprintf(`[{"op": "add", "path": "/status/conditions/-", "value": {"type": "Terminating", "status": "True", "reason": "Test", "message": "%d"}}]`, n)
			if n > 0 {
				patch = fmt.Sprintf(`[{"op": "replace", "path": "/status/conditions/2/message", "value": "%d"}]`, n)
			}
			_, _ = resource.Patch(ctx, name, types.JSONPatchType, []byte(patch), metav1.PatchOptions{}, "status")
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
