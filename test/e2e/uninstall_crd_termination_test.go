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

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestUninstallStuckCRD has a definition's status change all the time while the
// API server begins to end it, so that it gives up. By itself it would look
// again after up to five minutes.
func TestUninstallStuckCRD(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	direct, u := user.New(t, controlplane.Shared(t).Kubeconfig), user.New(t, recorder.Kubeconfig)
	client, err := dynamic.NewForConfig(controlplane.RESTConfig(t, controlplane.Shared(t).Kubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	const definition = "gadgets.overdue.example.com"
	direct.Must(t, "kubectl", "create", "namespace", "overdue")
	direct.Must(t, "kubectl", "istio-demo", "install", "-n", "overdue", "-f", user.File(t, "gadget.yaml", fixture.Join(fixture.CRD("Gadget", "gadgets", "overdue.example.com", "v1"), web)))
	given := false
	recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if request.Method != http.MethodDelete || !strings.HasSuffix(request.URL.Path, "/"+definition) {
			forward.ServeHTTP(w, request)
			return
		}
		given = true
		change := changing(t, client, definition)
		forward.ServeHTTP(w, request)
		<-time.After(2 * time.Second)
		change()
		if got := direct.Run(t, "kubectl", "get", "crd", definition); got.Code != 0 {
			t.Logf("it has ended all the same: %s", got.Stderr)
		}
	}
	began := time.Now()
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "overdue", "--yes")
	if got.Code != 0 || !given {
		t.Errorf("exit code %d, deleted %t\n%s", got.Code, given, got.Stderr)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v\n%s", took, got.Stderr)
	}
	if left := direct.Run(t, "kubectl", "get", "crd", definition); left.Code == 0 {
		t.Errorf("it is left: %s", left.Stdout)
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
