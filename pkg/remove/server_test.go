package remove

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// change is what a watch tells.
type change struct {
	Type   string                       `json:"type"`
	Object metav1.PartialObjectMetadata `json:"object"`
}

// apiServer has ConfigMaps and Deployments in one namespace.
type apiServer struct {
	// refuses are the answers to deletions, by name; others are accepted.
	refuses map[string]metav1.Status
	// stays are the objects that are still there after their deletion.
	stays map[string]metav1.PartialObjectMetadata
	// returns answers what is deleted at once with the object, and not a Status.
	returns bool
	// changes is what the watch of a resource tells, once it is asked.
	changes map[string][]change
	// forbidsWatch refuses lists and watches.
	forbidsWatch bool

	mutex   sync.Mutex
	deletes map[string]metav1.DeleteOptions
	patches map[string]metav1.PartialObjectMetadata
	watched []string
}

// start gives an engine that talks to the server.
func (s *apiServer) start(t *testing.T) *Engine {
	t.Helper()
	s.deletes, s.patches = map[string]metav1.DeleteOptions{}, map[string]metav1.PartialObjectMetadata{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	config := &rest.Config{Host: server.URL, QPS: -1}
	watches, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	core, err := corev1.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &Engine{Client: core.RESTClient(), Metadata: watches, Sink: func(event.Event) {}}
}

func (s *apiServer) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	out.Header().Set("Content-Type", "application/json")
	name := path.Base(in.URL.Path)
	switch {
	case in.Method == http.MethodDelete:
		s.delete(out, in, name)
	case in.Method == http.MethodPatch:
		s.patch(out, in, name)
	case name == "configmaps" || name == "deployments":
		s.list(out, in, name)
	default:
		answer(out, failure(http.StatusNotFound, metav1.StatusReasonNotFound))
	}
}

func (s *apiServer) delete(out http.ResponseWriter, in *http.Request, name string) {
	var options metav1.DeleteOptions
	_ = json.NewDecoder(in.Body).Decode(&options)
	s.mutex.Lock()
	s.deletes[name] = options
	s.mutex.Unlock()
	if status, refused := s.refuses[name]; refused {
		answer(out, status)
		return
	}
	if object, there := s.stays[name]; there && object.UID == types.UID(name+"-1") {
		now := metav1.Now()
		object.DeletionTimestamp = &now
		answer(out, object)
		return
	}
	if s.returns {
		answer(out, object(name, name+"-1", nil))
		return
	}
	answer(out, metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess, Code: http.StatusOK})
}

// patch keeps what is sent, and refuses it.
func (s *apiServer) patch(out http.ResponseWriter, in *http.Request, name string) {
	var sent metav1.PartialObjectMetadata
	_ = json.NewDecoder(in.Body).Decode(&sent)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.patches[name] = sent
	answer(out, failure(http.StatusForbidden, metav1.StatusReasonForbidden))
}

// list answers with what stays, or streams it and what changes then, and
// nothing more until the client goes.
func (s *apiServer) list(out http.ResponseWriter, in *http.Request, resource string) {
	s.mutex.Lock()
	s.watched = append(s.watched, resource)
	s.mutex.Unlock()
	if s.forbidsWatch {
		answer(out, failure(http.StatusForbidden, metav1.StatusReasonForbidden))
		return
	}
	if in.URL.Query().Get("watch") == "" {
		list := metav1.PartialObjectMetadataList{
			TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadataList"},
			ListMeta: metav1.ListMeta{ResourceVersion: "1"},
		}
		for _, object := range s.stays {
			list.Items = append(list.Items, object)
		}
		answer(out, list)
		return
	}
	if in.URL.Query().Get("sendInitialEvents") == "true" {
		for _, object := range s.stays {
			answer(out, change{"ADDED", object})
		}
		end := object("", "", nil)
		end.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
		answer(out, change{"BOOKMARK", end})
	}
	for _, change := range s.changes[resource] {
		answer(out, change)
	}
	out.(http.Flusher).Flush()
	<-in.Context().Done()
}

// answer does not mind a client that has gone: it has seen enough.
func answer(out http.ResponseWriter, object any) {
	if status, ok := object.(metav1.Status); ok {
		out.WriteHeader(int(status.Code))
	}
	_ = json.NewEncoder(out).Encode(object)
}

// sent gives the options of the deletions, by name.
func (s *apiServer) sent() map[string]metav1.DeleteOptions {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.deletes
}

// watches gives the resources that were watched.
func (s *apiServer) watches() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(s.watched)))
}

func failure(code int32, reason metav1.StatusReason) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     code,
		Reason:   reason,
		Message:  "no",
	}
}

// object is one in the namespace mesh.
func object(name, uid string, finalizers []string) metav1.PartialObjectMetadata {
	return metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "mesh", UID: types.UID(uid), ResourceVersion: "1", Finalizers: finalizers},
	}
}

// configMap is a target, and deployment is one that has pods; the UID is the
// name and a number.
func configMap(name string) Target {
	return target(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, "ConfigMap", name)
}

func deployment(name string) Target {
	return target(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, "Deployment", name)
}

func target(resource schema.GroupVersionResource, kind, name string) Target {
	return Target{
		Ref:      event.Object{Group: resource.Group, Kind: kind, Namespace: "mesh", Name: name},
		Resource: resource,
		UID:      types.UID(name + "-1"),
	}
}

func names(targets []Target) string {
	var all []string
	for _, target := range targets {
		all = append(all, target.Ref.Name)
	}
	return strings.Join(all, " ")
}
