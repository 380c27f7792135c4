package apply

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// request is what the API server got.
type request struct {
	method, path        string
	query               url.Values
	contentType, accept string
	body                string
}

// apiServer answers requests and remembers them.
type apiServer struct {
	mutex    sync.Mutex
	requests []request
}

// newServer starts an API server and gives it with an engine that talks to
// it. The answer is an object, or a Status whose code is the answer's.
func newServer(t *testing.T, answer func(request) any) (*apiServer, *Engine) {
	t.Helper()
	fake := &apiServer{}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			t.Error(err)
		}
		got := request{in.Method, in.URL.Path, in.URL.Query(), in.Header.Get("Content-Type"), in.Header.Get("Accept"), string(body)}
		fake.mutex.Lock()
		fake.requests = append(fake.requests, got)
		fake.mutex.Unlock()
		answered := answer(got)
		out.Header().Set("Content-Type", "application/json")
		if status, ok := answered.(metav1.Status); ok {
			out.WriteHeader(int(status.Code))
		}
		if err := json.NewEncoder(out).Encode(answered); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	config := &rest.Config{Host: server.URL, QPS: -1}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	metadataClient, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return fake, &Engine{Dynamic: client, Metadata: metadataClient, Sink: func(event.Event) {}}
}

// took gives the requests so far, sorted: they come at once.
func (s *apiServer) took() []request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.SortedFunc(slices.Values(s.requests), func(a, b request) int { return strings.Compare(a.path, b.path) })
}

// failure is a Status as the API server writes it.
func failure(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     code,
		Reason:   reason,
		Message:  message,
	}
}

// echo stores what it gets, as object number 1 with version 5. It has nothing
// to give.
func echo(got request) any {
	if got.method == http.MethodGet {
		return failure(http.StatusNotFound, metav1.StatusReasonNotFound, "not found")
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(got.body), &object.Object); err != nil {
		return failure(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
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
