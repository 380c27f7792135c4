package diagnose

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// apiServer lists and watches what it has of namespace mesh, and gives logs.
type apiServer struct {
	mutex sync.Mutex
	// has are the objects by their resource, logs the logs by pod.
	has  map[string][]map[string]any
	logs map[string]string
	// refuses are the resources that the user may not see, with the code.
	refuses  map[string]int
	requests []string
	watches  map[string][]chan map[string]any
	// began has room for one of each watch that has begun.
	began chan struct{}
}

// start gives a client that talks to the server.
func (s *apiServer) start(t *testing.T) typedcorev1.CoreV1Interface {
	t.Helper()
	s.began = make(chan struct{}, 100)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client, err := typedcorev1.NewForConfig(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// add puts an object in YAML on the server; one of the same name goes.
func (s *apiServer) add(t *testing.T, resource, text string) {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	verb := "ADDED"
	name := nameOf(object)
	if s.has == nil {
		s.has = map[string][]map[string]any{}
	}
	s.has[resource] = slices.DeleteFunc(s.has[resource], func(other map[string]any) bool {
		if nameOf(other) != name {
			return false
		}
		verb = "MODIFIED"
		return true
	})
	s.has[resource] = append(s.has[resource], object)
	for _, watch := range s.watches[resource] {
		watch <- map[string]any{"type": verb, "object": object}
	}
}

func nameOf(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

func (s *apiServer) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	query := in.URL.Query()
	resource, _ := strings.CutPrefix(in.URL.Path, "/api/v1/namespaces/mesh/")
	s.mutex.Lock()
	s.requests = append(s.requests, asked(resource, query))
	resource, _, log := strings.Cut(resource, "/")
	code := s.refuses[resource]
	if log && code == 0 {
		code = s.refuses["log"]
	}
	s.mutex.Unlock()
	switch {
	case code != 0:
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(code)
		write(out, metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(code), Reason: metav1.StatusReasonForbidden})
	case log:
		_, _ = out.Write([]byte(s.logs[strings.Split(in.URL.Path, "/")[6]]))
	case query.Get("watch") != "":
		s.watch(out, in, resource)
	default:
		s.mutex.Lock()
		defer s.mutex.Unlock()
		out.Header().Set("Content-Type", "application/json")
		kind := map[string]string{"pods": "PodList", "events": "EventList", "persistentvolumeclaims": "PersistentVolumeClaimList"}[resource]
		write(out, map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"resourceVersion": "1"}, "items": append([]map[string]any{}, s.has[resource]...)})
	}
}

// watch streams what there is, and then what is added, until the client goes.
func (s *apiServer) watch(out http.ResponseWriter, in *http.Request, resource string) {
	out.Header().Set("Content-Type", "application/json")
	kind := map[string]string{"pods": "Pod", "events": "Event"}[resource]
	send := func(change map[string]any) {
		object := map[string]any{"apiVersion": "v1", "kind": kind}
		for field, value := range change["object"].(map[string]any) {
			object[field] = value
		}
		write(out, map[string]any{"type": change["type"], "object": object})
		out.(http.Flusher).Flush()
	}
	changes := make(chan map[string]any, 100)
	s.mutex.Lock()
	if in.URL.Query().Get("sendInitialEvents") == "true" {
		for _, object := range s.has[resource] {
			send(map[string]any{"type": "ADDED", "object": object})
		}
		send(map[string]any{"type": "BOOKMARK", "object": map[string]any{"metadata": map[string]any{
			"resourceVersion": "1",
			"annotations":     map[string]any{metav1.InitialEventsAnnotationKey: "true"},
		}}})
	}
	if s.watches == nil {
		s.watches = map[string][]chan map[string]any{}
	}
	s.watches[resource] = append(s.watches[resource], changes)
	s.mutex.Unlock()
	s.began <- struct{}{}
	for {
		select {
		case change := <-changes:
			send(change)
		case <-in.Context().Done():
			return
		}
	}
}

// asked gives a request in short words.
func asked(resource string, query url.Values) string {
	for _, name := range []string{"labelSelector", "fieldSelector", "previous"} {
		if value := query.Get(name); value != "" {
			resource += " " + value
		}
	}
	if query.Get("watch") != "" {
		resource = "watch " + resource
	}
	return resource
}

// took gives the requests, those of the same kind once.
func (s *apiServer) took() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(s.requests)))
}

// write does not mind a client that has gone: it has seen enough.
func write(out http.ResponseWriter, object any) { _ = json.NewEncoder(out).Encode(object) }
