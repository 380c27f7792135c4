package ready

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// change is what happens to an object after a watch has begun.
type change fakeapi.Change

// apiServer lists and watches what it has, by the path of the list.
type apiServer struct {
	*fakeapi.Server
	// has is what there is when a watch begins, changes what comes then.
	has     map[string][]*unstructured.Unstructured
	changes map[string][]change
	// forbids refuses everything.
	forbids bool
	mutex   sync.Mutex
}

// start gives a client that talks to the server.
func (s *apiServer) start(t *testing.T) dynamic.Interface {
	t.Helper()
	s.Server = fakeapi.New(t, s.answer)
	return fakeapi.Client(t, s.Server, dynamic.NewForConfig)
}

// permit ends what forbids, or does not.
func (s *apiServer) permit(permitted bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.forbids = s.forbids && !permitted
}

func (s *apiServer) answer(got fakeapi.Request) any {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.forbids {
		return fakeapi.Forbidden("you may not watch")
	}
	if !got.IsWatch() {
		return fakeapi.List("v1", "List", s.has[got.Path])
	}
	stream := fakeapi.Stream{Kind: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"}}
	for _, object := range s.has[got.Path] {
		stream.Objects = append(stream.Objects, object)
	}
	for _, change := range s.changes[got.Path] {
		stream.Changes = append(stream.Changes, fakeapi.Change(change))
	}
	return stream
}

// took gives the different lists and watches that were asked for.
func (s *apiServer) took() []string {
	var asked []string
	for _, request := range s.Requests() {
		asked = append(asked, strings.TrimSuffix(request.Path+"?"+request.Query.Get("fieldSelector"), "?"))
	}
	return slices.Compact(slices.Sorted(slices.Values(asked)))
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
