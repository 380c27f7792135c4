package install

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// TestReadOnce asks for the same schema.GroupVersionResource{Version: "v1", Resource: "namespaces"} many times at once.
func TestReadOnce(t *testing.T) {
	var mutex sync.Mutex
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		mutex.Lock()
		asked[request.URL.Path]++
		mutex.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if request.URL.Path == "/api/v1/namespaces/nowhere" {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`))
			return
		}
		_, _ = w.Write([]byte(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"mesh","uid":"` + request.URL.Path + `"}}`))
	}))
	defer server.Close()
	given, err := metadata.NewForConfig(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	client := readOnce(t.Context(), given)

	over, cancel := context.WithCancel(t.Context())
	cancel() // whoever gives up first does not spoil it for the others
	var group sync.WaitGroup
	for _, ctx := range []context.Context{over, t.Context(), t.Context(), t.Context()} {
		group.Go(func() {
			found, err := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Get(ctx, "mesh", metav1.GetOptions{})
			if err != nil || found.UID != "/api/v1/namespaces/mesh" {
				t.Errorf("got %v, %v", found, err)
			}
			if _, err := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Namespace("").Get(ctx, "nowhere", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("got %v for what is not there", err)
			}
		})
	}
	group.Wait()
	configMaps := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	for range 2 {
		if _, err := client.Resource(configMaps).Namespace("mesh").Get(t.Context(), "mesh", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
	}
	for path, want := range map[string]int{
		"/api/v1/namespaces/mesh":                 1,
		"/api/v1/namespaces/nowhere":              1,
		"/api/v1/namespaces/mesh/configmaps/mesh": 2,
	} {
		if asked[path] != want {
			t.Errorf("%s was asked for %d times, want %d", path, asked[path], want)
		}
	}
}
