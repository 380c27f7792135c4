package ready

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// change is what happens to an object after a watch has begun.
type change struct {
	Type   string         `json:"type"`
	Object map[string]any `json:"object"`
}

// apiServer lists and watches what it has, by the path of the list.
type apiServer struct {
	// has is what there is when a watch begins, changes what comes then.
	has     map[string][]*unstructured.Unstructured
	changes map[string][]change
	// forbids refuses everything.
	forbids bool

	mutex    sync.Mutex
	requests []string
}

// start gives a client that talks to the server.
func (s *apiServer) start(t *testing.T) dynamic.Interface {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client, err := dynamic.NewForConfig(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// permit ends what forbids, or does not.
func (s *apiServer) permit(permitted bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.forbids = s.forbids && !permitted
}

func (s *apiServer) refuses() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.forbids
}

func (s *apiServer) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	query := in.URL.Query()
	s.mutex.Lock()
	asked := in.URL.Path
	if selector := query.Get("fieldSelector"); selector != "" {
		asked += "?" + selector
	}
	s.requests = append(s.requests, asked)
	s.mutex.Unlock()
	out.Header().Set("Content-Type", "application/json")
	switch {
	case s.refuses():
		out.WriteHeader(http.StatusForbidden)
		write(out, metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status:   metav1.StatusFailure,
			Code:     http.StatusForbidden,
			Reason:   metav1.StatusReasonForbidden,
			Message:  "you may not watch",
		})
	case query.Get("watch") == "":
		list := map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{"resourceVersion": "1"}}
		items := []any{}
		for _, object := range s.has[in.URL.Path] {
			items = append(items, object.Object)
		}
		list["items"] = items
		write(out, list)
	default:
		s.watch(out, in, query)
	}
}

// watch streams what there is, where the client wants to begin with that,
// then what changes, and then nothing until the client goes.
func (s *apiServer) watch(out http.ResponseWriter, in *http.Request, query url.Values) {
	if query.Get("sendInitialEvents") == "true" {
		for _, object := range s.has[in.URL.Path] {
			write(out, change{"ADDED", object.Object})
		}
		write(out, change{"BOOKMARK", map[string]any{
			"apiVersion": "meta.k8s.io/v1",
			"kind":       "PartialObjectMetadata",
			"metadata": map[string]any{
				"resourceVersion": "1",
				"annotations":     map[string]any{metav1.InitialEventsAnnotationKey: "true"},
			},
		}})
	}
	for _, change := range s.changes[in.URL.Path] {
		write(out, change)
	}
	out.(http.Flusher).Flush()
	<-in.Context().Done()
}

// write does not mind a client that has gone: it has seen enough.
func write(out http.ResponseWriter, object any) {
	_ = json.NewEncoder(out).Encode(object)
}

// took gives the different lists and watches that were asked for.
func (s *apiServer) took() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(s.requests)))
}

// recorder is a sink that remembers what it was told in short words, and does
// something at one of them.
type recorder struct {
	mutex sync.Mutex
	told  []string
	on    string
	do    func()
}

func (r *recorder) sink(e event.Event) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	told := fmt.Sprintf("%T", e)
	switch e := e.(type) {
	case event.Waiting:
		told = fmt.Sprintf("%s: %s", e.Object, e.Message)
	case event.Ready:
		told = fmt.Sprintf("%s: ready", e.Object)
	}
	r.told = append(r.told, told)
	if told == r.on {
		r.do()
	}
}
