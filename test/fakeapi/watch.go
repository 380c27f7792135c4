package fakeapi

import (
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Change is an event of a watch.
type Change struct {
	Type   string `json:"type"`
	Object any    `json:"object"`
}

// Stream answers a watch: with the objects, where the client wants to begin with
// those, then with changes, and then with those that come until the client goes.
type Stream struct {
	// Kind is that of the objects, as typed clients want to know it.
	Kind    metav1.TypeMeta
	Objects []any
	Changes []Change
	Coming  <-chan Change
}

func (s Stream) send(out http.ResponseWriter, request Request, gone <-chan struct{}) {
	if request.Query.Get("sendInitialEvents") == "true" {
		for _, object := range s.Objects {
			write(out, Change{"ADDED", object})
		}
		write(out, Change{"BOOKMARK", metav1.PartialObjectMetadata{
			TypeMeta:   s.Kind,
			ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1", Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}},
		}})
	}
	for _, change := range s.Changes {
		write(out, change)
	}
	for {
		out.(http.Flusher).Flush()
		select {
		case change := <-s.Coming:
			write(out, change)
		case <-gone:
			return
		}
	}
}

// List is a list of objects of a kind, which may be "List".
func List[O any](apiVersion, kind string, items []O) any {
	return map[string]any{
		"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"resourceVersion": "1"},
		"items": append([]O{}, items...),
	}
}
