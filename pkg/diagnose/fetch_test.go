package diagnose

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// TestWorkload counts requests, and looks which pods are asked for.
func TestWorkload(t *testing.T) {
	pods := func(name string) string { return "/api/v1/namespaces/mesh/pods?" + name }
	for _, test := range []struct {
		name string
		// selector is that of the workload.
		selector any
		code     int
		requests []string
		want     string
	}{
		{"labels", map[string]any{"matchLabels": map[string]any{"app": "web"}}, http.StatusOK, []string{pods("app=web")}, "pod a: container web: CrashLoopBackOff (exit code 137)"},
		{"expressions", map[string]any{"matchExpressions": []any{map[string]any{"key": "app", "operator": "In", "values": []any{"a", "b"}}}}, http.StatusOK, []string{pods("app in (a,b)")}, "pod a: container web: CrashLoopBackOff (exit code 137)"},
		{"no selector", nil, http.StatusOK, nil, "FailedCreate: exceeded quota"},
		// The selector of a Service, which has no pods to explain.
		{"selector of another form", map[string]any{"matchLabels": "web"}, http.StatusOK, nil, "FailedCreate: exceeded quota"},
		{"no answer", map[string]any{"matchLabels": map[string]any{"app": "web"}}, http.StatusForbidden, []string{pods("app=web")}, "FailedCreate: exceeded quota"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var requests []string
			server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
				requests = append(requests, in.URL.Path+"?"+in.URL.Query().Get("labelSelector"))
				out.Header().Set("Content-Type", "application/json")
				out.WriteHeader(test.code)
				list := corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
				if test.code == http.StatusOK {
					list.Items = append(list.Items, podOf(t, "a", crash))
				}
				if err := json.NewEncoder(out).Encode(list); err != nil {
					t.Error(err)
				}
			}))
			t.Cleanup(server.Close)
			client, err := typedcorev1.NewForConfig(&rest.Config{Host: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			workload := workloadOf(t, "[{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: exceeded quota}]")
			workload.SetNamespace("mesh")
			if test.selector != nil {
				if err := unstructured.SetNestedField(workload.Object, test.selector, "spec", "selector"); err != nil {
					t.Fatal(err)
				}
			}
			if got := Workload(t.Context(), client, workload); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if !slices.Equal(requests, test.requests) {
				t.Errorf("the requests are %q, want %q", requests, test.requests)
			}
		})
	}
}
