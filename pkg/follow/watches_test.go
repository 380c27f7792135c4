package follow_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// TestMaxOpen watches one place more than can be watched at once, and begins
// with it when another one is done.
func TestMaxOpen(t *testing.T) {
	open := make(chan string, 2*follow.MaxOpen)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if request.URL.Query().Get("watch") == "" {
			fmt.Fprint(w, `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}`)
			return
		}
		if request.URL.Query().Get("sendInitialEvents") != "" { // as older servers answer
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Invalid","code":422}`)
			return
		}
		w.(http.Flusher).Flush()
		open <- request.URL.Path
		<-request.Context().Done()
	}))
	defer server.Close()
	client, err := dynamic.NewForConfig(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	watches := follow.NewWatches[*unstructured.Unstructured](t.Context())
	defer watches.Close()
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	begun := map[string]follow.Place{}
	for i := range follow.MaxOpen + 1 {
		place := follow.Place{Kind: schema.GroupKind{Kind: "Pod"}, Resource: pods, Namespace: fmt.Sprint("n", i)}
		begun["/api/v1/namespaces/"+place.Namespace+"/pods"] = place
		watches.Begin(place, dynamicinformer.NewFilteredDynamicInformer(client, pods, place.Namespace, 0, cache.Indexers{}, nil).Informer(), nil, false)
	}
	var first string
	for range follow.MaxOpen {
		first = wantOpen(t, open)
	}
	select {
	case path := <-open:
		t.Errorf("%s is watched, too", path)
	case <-time.After(100 * time.Millisecond):
	}
	watches.Done(begun[first])
	wantOpen(t, open)
}

func wantOpen(t *testing.T, open <-chan string) string {
	t.Helper()
	select {
	case path := <-open:
		return path
	case <-time.After(time.Minute):
		t.Fatal("no watch is opened")
		return ""
	}
}
