package follow_test

import (
	"context"
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

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/answer"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// TestAnotherObject ends with an error, and not with the time, where a list, or
// a watch in its place, has an object from elsewhere.
func TestAnotherObject(t *testing.T) {
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	const another = `{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"x","name":"y","resourceVersion":"2"}}`
	for what, says := range map[string]func(http.ResponseWriter, bool){
		"list": func(w http.ResponseWriter, watching bool) {
			if watching { // as older servers answer to a list that comes as a watch
				w.WriteHeader(http.StatusUnprocessableEntity)
				fmt.Fprint(w, `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Invalid","code":422}`)
				return
			}
			fmt.Fprintf(w, `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"1"},"items":[%s]}`, another)
		},
		"watch": func(w http.ResponseWriter, watching bool) {
			if watching {
				fmt.Fprintf(w, `{"type":"ADDED","object":%s}`, another)
				return
			}
			fmt.Fprintf(w, `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"1"},"items":[%s]}`, another)
		},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			says(w, request.URL.Query().Get("watch") != "")
		}))
		unchecked, err := dynamic.NewForConfig(&rest.Config{Host: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		client := answer.Dynamic(unchecked, nil)
		follower := &follow.Follower[*unstructured.Unstructured]{
			What:     "pods",
			Informer: dynamicinformer.NewFilteredDynamicInformer(client, pods, "a", 0, cache.Indexers{}, nil).Informer(),
			Seen:     func(seen *unstructured.Unstructured, _ bool) { t.Errorf("%s: it has seen %s", what, seen.GetName()) },
			Gone:     func(*unstructured.Unstructured) {},
		}
		const want = "cannot watch pods: failed to list /v1, Resource=pods: the API server returned pod x/y instead of pods in namespace a"
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := follower.Run(ctx); err == nil || err.Error() != want {
			t.Errorf("%s: the error is %v", what, err)
		}
		server.Close()
	}
}
