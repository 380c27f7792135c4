package apply

import (
	"encoding/json"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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

// yield gives the object without the fields that controllers own and we do
// not. Applying them would be a conflict, and forcing it would undo what the
// controller did.
func yield(object *unstructured.Unstructured, live metav1.Object) *unstructured.Unstructured {
	if live == nil {
		return object
	}
	var theirs []map[string]any
	ours := map[string]any{}
	for _, entry := range live.GetManagedFields() {
		var fields map[string]any
		if entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		switch {
		case controllers[entry.Manager]:
			theirs = append(theirs, fields)
		case entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply:
			ours = fields
		}
	}
	if len(theirs) == 0 {
		return object
	}
	yielded := object.DeepCopy()
	for _, fields := range theirs {
		drop(yielded.Object, fields, ours)
	}
	return yielded
}

// drop takes the fields of a set from a value, but for those that are also in
// keep. The sets have the form of FieldsV1: f:NAME leads to a field, k:KEYS to
// the item of a list with these keys, and a leaf is empty.
func drop(value any, set, keep map[string]any) {
	for element, below := range set {
		inner, _ := below.(map[string]any)
		kept, isKept := keep[element].(map[string]any)
		name, isField := strings.CutPrefix(element, "f:")
		keys, isItem := strings.CutPrefix(element, "k:")
		switch {
		case isField:
			fields, ok := value.(map[string]any)
			if !ok {
				continue
			}
			if len(inner) > 0 {
				drop(fields[name], inner, kept)
			} else if !isKept {
				delete(fields, name)
			}
		case isItem:
			items, _ := value.([]any)
			for _, item := range items {
				if has(item, keys) {
					drop(item, inner, kept)
				}
			}
		}
	}
}

// keyDefaults are what the server fills in for keys that are not written: the
// protocol of a port is the only one of Kubernetes' own kinds.
var keyDefaults = map[string]any{"protocol": "TCP"}

// has tells whether an item of a list has the keys, which are in JSON.
func has(item any, keys string) bool {
	fields, ok := item.(map[string]any)
	var wanted map[string]any
	if !ok || json.Unmarshal([]byte(keys), &wanted) != nil {
		return false
	}
	for name, value := range wanted {
		if number, ok := value.(float64); ok {
			value = int64(number)
		}
		field, written := fields[name]
		if !written {
			field = keyDefaults[name]
		}
		if !reflect.DeepEqual(field, value) {
			return false
		}
	}
	return true
}
