package diagnose

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// apiServer lists and watches what it has of namespace mesh, and gives logs.
type apiServer struct {
	*fakeapi.Server
	mutex sync.Mutex
	// has are the objects by their resource, logs the logs by pod.
	has  map[string][]map[string]any
	logs map[string]string
	// refuses are the resources that the user may not see, with the code.
	refuses map[string]int
	watches map[string][]chan fakeapi.Change
	// began has room for one of each watch that has begun.
	began chan struct{}
}

// start gives a client that talks to the server.
func (s *apiServer) start(t *testing.T) typedcorev1.CoreV1Interface {
	t.Helper()
	s.began, s.watches = make(chan struct{}, 100), map[string][]chan fakeapi.Change{}
	s.Server = fakeapi.New(t, s.answer)
	return fakeapi.Client(t, s.Server, typedcorev1.NewForConfig)
}

// add puts an object in YAML on the server; one of the same name goes.
func (s *apiServer) add(t *testing.T, resource, text string) {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	object["apiVersion"], object["kind"] = "v1", kinds[resource]
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
		watch <- fakeapi.Change{Type: verb, Object: object}
	}
}

func nameOf(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

func resourceOf(got fakeapi.Request) string {
	return strings.TrimPrefix(got.Path, "/api/v1/namespaces/mesh/")
}

func (s *apiServer) answer(got fakeapi.Request) any {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	resource, pod, log := strings.Cut(resourceOf(got), "/")
	code := s.refuses[resource]
	if log && code == 0 {
		code = s.refuses["log"]
	}
	switch {
	case code != 0:
		return fakeapi.Failure(int32(code), metav1.StatusReasonForbidden, "")
	case log:
		return []byte(s.logs[strings.TrimSuffix(pod, "/log")])
	case !got.IsWatch():
		return fakeapi.List("v1", kinds[resource]+"List", s.has[resource])
	}
	coming := make(chan fakeapi.Change, 100)
	s.watches[resource] = append(s.watches[resource], coming)
	stream := fakeapi.Stream{Kind: metav1.TypeMeta{APIVersion: "v1", Kind: kinds[resource]}, Coming: coming}
	for _, object := range s.has[resource] {
		stream.Objects = append(stream.Objects, object)
	}
	s.began <- struct{}{}
	return stream
}

// kinds are those of the resources.
var kinds = map[string]string{"pods": "Pod", "events": "Event", "persistentvolumeclaims": "PersistentVolumeClaim"}

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
	var all []string
	for _, request := range s.Requests() {
		all = append(all, asked(resourceOf(request), request.Query))
	}
	return slices.Compact(slices.Sorted(slices.Values(all)))
}
