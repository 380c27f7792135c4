package apply

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	keyvalue "sigs.k8s.io/structured-merge-diff/v6/value"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

// controllers are the field managers of what runs in the cluster itself. A
// field that one of them has taken over is its to decide: istiod switches its
// validators to failurePolicy Fail once it serves, and an autoscaler sets the
// replicas.
var controllers = map[string]bool{
	"pilot-discovery":          true,
	"kube-controller-manager":  true,
	"cloud-controller-manager": true,
}

// yield returns the object without the fields that controllers own and we do
// not. Applying them would be a conflict, and forcing it would undo what the
// controller did.
func yield(object *unstructured.Unstructured, live metav1.Object) *unstructured.Unstructured {
	if live == nil {
		return object
	}
	theirs, ours := &fieldpath.Set{}, &fieldpath.Set{}
	for _, entry := range live.GetManagedFields() {
		switch {
		case controllers[entry.Manager]:
			theirs = theirs.Union(managedfields.Of(entry))
		case entry.Manager == managedfields.Manager && entry.Operation == metav1.ManagedFieldsOperationApply:
			ours = ours.Union(managedfields.Of(entry))
		}
	}
	if theirs.Empty() {
		return object
	}
	yielded := object.DeepCopy()
	for path := range theirs.Leaves().All() {
		if !holds(ours, path) {
			drop(yielded.Object, path)
		}
	}
	return yielded
}

// holds reports whether a set has a field or something in it.
func holds(set *fieldpath.Set, path fieldpath.Path) bool {
	if set.Has(path) {
		return true
	}
	for _, element := range path {
		set = set.WithPrefix(element)
	}
	return !set.Empty()
}

// drop removes a field from a value. Items of lists stay.
func drop(value any, path fieldpath.Path) {
	switch element, below := path[0], path[1:]; {
	case element.FieldName != nil:
		fields, _ := value.(map[string]any)
		if len(below) == 0 {
			delete(fields, *element.FieldName)
			return
		}
		drop(fields[*element.FieldName], below)
	case element.Key != nil && len(below) > 0:
		items, _ := value.([]any)
		for _, item := range items {
			if fields, ok := item.(map[string]any); ok && has(fields, *element.Key) {
				drop(item, below)
			}
		}
	}
}

// keyDefaults are what the server fills in for keys that are not written: the
// protocol of a port is the only one of Kubernetes' own kinds.
var keyDefaults = map[string]any{"protocol": "TCP"}

// has reports whether an item of a list has the keys.
func has(item map[string]any, keys keyvalue.FieldList) bool {
	for _, key := range keys {
		field, written := item[key.Name]
		if !written {
			field = keyDefaults[key.Name]
		}
		if !keyvalue.Equals(keyvalue.NewValueInterface(field), key.Value) {
			return false
		}
	}
	return true
}
