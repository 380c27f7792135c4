package install

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// TestServed waits for a version that is defined, as long as that can help.
func TestServed(t *testing.T) {
	there := metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: "example.com/v2",
		APIResources: []metav1.APIResource{{Name: "widgets", Kind: "Widget", Verbs: metav1.Verbs{"get"}}},
	}
	none := there
	none.APIResources = nil
	denied := inmemory.Fails(http.StatusForbidden, metav1.StatusReasonForbidden, "nobody may look")
	const waits = "customresourcedefinition widgets.example.com: the API server does not serve version v2 yet"
	for _, test := range []struct {
		name string
		// answers come one after the other, and the last again and again.
		answers []any
		took    time.Duration
		// want begins the error; told is what it tells.
		want, told string
	}{
		{"at once", []any{there}, 0, "", "ready"},
		{"soon", []any{inmemory.Fails(http.StatusNotFound, metav1.StatusReasonNotFound, "no such group"), none, there}, time.Second, "", waits + ", ready"},
		{"forbidden", []any{none, denied}, time.Second, "cannot tell whether the API server serves example.com/v2: nobody may look; ask for the ClusterRole system:discovery", waits},
		{"unauthorized", []any{inmemory.Fails(http.StatusUnauthorized, metav1.StatusReasonUnauthorized, "who are you")}, time.Second, "cannot tell whether the API server serves example.com/v2: who are you", ""},
		{"never", []any{none}, time.Minute, "customresourcedefinition widgets.example.com is not ready: the API server does not serve version v2 yet", waits},
		{"refused for another reason", []any{inmemory.Fails(http.StatusGone, metav1.StatusReasonGone, "gone fishing")}, time.Minute, "customresourcedefinition widgets.example.com is not ready: the API server does not serve version v2 yet (gone fishing)", waits + " (gone fishing)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cluster.ErrTimeout)
				defer cancel()
				answers := test.answers
				install := &Install{Cluster: connect(t, func(*http.Request) any {
					answer := answers[0]
					answers = answers[min(1, len(answers)-1):]
					return answer
				})}
				var told []string
				began := time.Now()
				err := install.served(ctx, defining(t), func(e event.Event) {
					line := "ready"
					if waiting, is := e.(event.Waiting); is {
						line = fmt.Sprintf("%s: %s", waiting.Object, waiting.Message)
					}
					if len(told) == 0 || told[len(told)-1] != line {
						told = append(told, line)
					}
				})
				if (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
					t.Errorf("the error is %v", err)
				}
				if timedOut := test.took == time.Minute; errors.Is(err, cluster.ErrTimeout) != timedOut {
					t.Errorf("the error is %v", err)
				}
				if took := time.Since(began); took > test.took || test.took == time.Minute && took < test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
				if got := strings.Join(told, ", "); got != test.told {
					t.Errorf("it tells\n%s, want\n%s", got, test.told)
				}
			})
		})
	}
}

// defining is an install of a definition and an object of its kind.
func defining(t *testing.T) *resolved {
	t.Helper()
	kinds := discover.Standard()
	kinds.Define(&unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"group": "example.com", "scope": "Namespaced",
		"names":    map[string]any{"kind": "Widget", "plural": "widgets"},
		"versions": []any{map[string]any{"name": "v2", "served": true}},
	}}})
	widget := targetOf("Widget", "mesh", "a", nil)
	widget.Object.SetGroupVersionKind(schema.GroupVersionKind{Group: "example.com", Version: "v2", Kind: "Widget"})
	widget.Resource = schema.GroupVersionResource{Group: "example.com", Version: "v2", Resource: "widgets"}
	return &resolved{kinds: kinds, targets: []apply.Target{widget, widget}}
}
