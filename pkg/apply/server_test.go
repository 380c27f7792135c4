package apply

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// newServer starts an API server and gives it with an engine that talks to it.
func newServer(t *testing.T, answer func(fakeapi.Request) any) (*fakeapi.Server, *Engine) {
	t.Helper()
	server := fakeapi.New(t, answer)
	return server, &Engine{
		Dynamic:  fakeapi.Client(t, server, dynamic.NewForConfig),
		Metadata: fakeapi.Client(t, server, metadata.NewForConfig),
		Sink:     func(event.Event) {},
	}
}

// sorted gives the requests so far by their paths: they come at once.
func sorted(server *fakeapi.Server) []fakeapi.Request {
	return slices.SortedFunc(slices.Values(server.Requests()), func(a, b fakeapi.Request) int { return strings.Compare(a.Path, b.Path) })
}

// echo stores what it gets, as object number 1 with version 5. It has nothing
// to give.
func echo(got fakeapi.Request) any {
	if got.Method == http.MethodGet {
		return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "not found")
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(got.Body), &object.Object); err != nil {
		return fakeapi.Failure(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	return asStored(object).Object
}

func asStored(object *unstructured.Unstructured) *unstructured.Unstructured {
	object = object.DeepCopy()
	object.SetUID("1")
	object.SetResourceVersion("5")
	return object
}

// deployment is a target like those of the demo.
func deployment(name string) Target {
	return Target{
		Ref: event.Object{Group: "apps", Kind: "Deployment", Namespace: "istio-system", Name: name},
		Object: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apps/v1",
			"kind":       "Deployment",
			"metadata":   map[string]any{"name": name, "namespace": "istio-system"},
			"spec":       map[string]any{"replicas": int64(1)},
		}},
		Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
		Source:   "demo.yaml, document 1 (line 1)",
	}
}

// namespace is a target without a namespace of its own, to be created if it
// does not exist.
func namespace(name string) Target {
	return Target{
		Ref: event.Object{Kind: "Namespace", Name: name},
		Object: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1",
			"kind":       "Namespace",
			"metadata":   map[string]any{"name": name},
		}},
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"},
		Source:   "--namespace",
		IfAbsent: true,
	}
}
