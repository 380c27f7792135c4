package remove

import (
	"encoding/json"
	"maps"
	"net/http"
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

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// change is what a watch tells.
type change fakeapi.Change

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
	server := fakeapi.New(t, s.answer)
	return &Engine{
		Client:   fakeapi.Client(t, server, corev1.NewForConfig).RESTClient(),
		Metadata: fakeapi.Client(t, server, metadata.NewForConfig),
		Sink:     func(event.Event) {},
	}
}

func (s *apiServer) answer(got fakeapi.Request) any {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	name := path.Base(got.Path)
	switch {
	case got.Method == http.MethodDelete:
		return s.delete(got, name)
	case got.Method == http.MethodPatch: // is kept, and refused
		var sent metav1.PartialObjectMetadata
		_ = json.Unmarshal([]byte(got.Body), &sent)
		s.patches[name] = sent
		return fakeapi.Forbidden("no")
	case name == "configmaps" || name == "deployments":
		return s.list(got, name)
	}
	return failure(http.StatusNotFound, metav1.StatusReasonNotFound)
}

func (s *apiServer) delete(got fakeapi.Request, name string) any {
	var options metav1.DeleteOptions
	_ = json.Unmarshal([]byte(got.Body), &options)
	s.deletes[name] = options
	if status, refused := s.refuses[name]; refused {
		return status
	}
	if object, there := s.stays[name]; there && object.UID == types.UID(name+"-1") {
		now := metav1.Now()
		object.DeletionTimestamp = &now
		return object
	}
	if s.returns {
		return object(name, name+"-1", nil)
	}
	return metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess, Code: http.StatusOK}
}

// list answers with what stays, and streams what changes then.
func (s *apiServer) list(got fakeapi.Request, resource string) any {
	s.watched = append(s.watched, resource)
	stays := slices.Collect(maps.Values(s.stays))
	switch {
	case s.forbidsWatch:
		return fakeapi.Forbidden("no")
	case !got.IsWatch():
		return fakeapi.List("meta.k8s.io/v1", "PartialObjectMetadataList", stays)
	}
	stream := fakeapi.Stream{Kind: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"}}
	for _, object := range stays {
		stream.Objects = append(stream.Objects, object)
	}
	for _, change := range s.changes[resource] {
		stream.Changes = append(stream.Changes, fakeapi.Change(change))
	}
	return stream
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
	return fakeapi.Failure(code, reason, "no")
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
