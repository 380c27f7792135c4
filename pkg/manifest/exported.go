package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// identities are the fields of metadata that only a server writes: what has one
// was read from a cluster. Most of them the server refuses in an apply.
var identities = []string{"creationTimestamp", "managedFields", "resourceVersion", "selfLink", "uid"}

// bookkeeping is what else such an object has in its metadata. An owner has
// another UID in another cluster, where the garbage collector would delete what it
// owns.
var bookkeeping = []string{"clusterName", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "initializers", "ownerReferences"}

// records are annotations in which kubectl and the controllers of Kubernetes keep
// what they need to know.
var records = []string{"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"}

// exports gathers what was left out of objects that were read from a cluster.
type exports struct {
	first   string
	objects int
	fields  map[string]bool
}

// strip returns an object without what only a server writes. The object itself is
// not changed.
func (e *exports) strip(object Object) Object {
	metadata, _ := object.Object["metadata"].(map[string]any)
	_, hasStatus := object.Object["status"]
	present := func(name string) bool { _, there := metadata[name]; return there }
	if !hasStatus && !slices.ContainsFunc(identities, present) {
		return object
	}
	object.Unstructured = object.DeepCopy()
	metadata, _ = object.Object["metadata"].(map[string]any)
	gone := take(metadata, "metadata.", identities)
	exported := len(gone) > 0
	if exported {
		gone = append(gone, take(metadata, "metadata.", bookkeeping)...)
		annotations, _ := metadata["annotations"].(map[string]any)
		gone = append(gone, take(annotations, "annotation ", records)...)
	}
	// The status of a custom resource may be its author's, if it is no subresource.
	if exported || !untyped.IsCustom(object.GroupVersionKind().Group) {
		gone = append(gone, take(object.Object, "", []string{"status"})...)
	}
	e.add(object.Unstructured, gone)
	return object
}

func (e *exports) add(object *unstructured.Unstructured, fields []string) {
	if len(fields) == 0 {
		return
	}
	if e.objects++; e.objects == 1 {
		e.first, e.fields = Ref(object).String(), map[string]bool{}
	}
	for _, field := range fields {
		e.fields[field] = true
	}
}

// take removes fields, and returns those that said something, with a prefix.
func take(from map[string]any, prefix string, names []string) []string {
	var gone []string
	for _, name := range names {
		if value, there := from[name]; there {
			delete(from, name)
			if says(value) {
				gone = append(gone, prefix+name)
			}
		}
	}
	return gone
}

// says reports whether there is anything in a value: generators of manifests write
// fields of which nothing is known as null or empty.
func says(value any) bool {
	switch value := value.(type) {
	case nil:
		return false
	case string:
		return value != ""
	case []any:
		return len(value) > 0
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), says)
	}
	return true
}

// warning counts the objects, and names the fields; it is empty without any.
func (e *exports) warning() []string {
	of := e.first
	switch {
	case e.objects == 0:
		return nil
	case e.objects > 1:
		of = fmt.Sprintf("%d objects, such as %s", e.objects, e.first)
	}
	return []string{fmt.Sprintf("left out what only the server writes, of %s: %s", of, strings.Join(slices.Sorted(maps.Keys(e.fields)), ", "))}
}
