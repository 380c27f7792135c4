// Package untyped knows what objects say of themselves whose types are not
// compiled in, and has no client.
package untyped

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// IsCustom reports whether a group is one of CRDs. Those of Kubernetes itself have no
// dot, or end in .k8s.io, which CRDs may use only with approval (KEP-1111).
func IsCustom(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}

// DefinedBy returns the kind that a CRD defines, and its plural.
func DefinedBy(crd *unstructured.Unstructured) (kind schema.GroupKind, plural string) {
	kind.Group, _, _ = unstructured.NestedString(crd.Object, "spec", "group")
	kind.Kind, _, _ = unstructured.NestedString(crd.Object, "spec", "names", "kind")
	plural, _, _ = unstructured.NestedString(crd.Object, "spec", "names", "plural")
	return kind, plural
}

// TrueCondition returns the condition of a type, if it is true.
func TrueCondition(object *unstructured.Unstructured, name string) (condition map[string]any, ok bool) {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		if fields["type"] == name && fields["status"] == "True" {
			return fields, true
		}
	}
	return nil, false
}

// HasCondition reports whether the condition of a type is true.
func HasCondition(object *unstructured.Unstructured, name string) bool {
	_, ok := TrueCondition(object, name)
	return ok
}

// PodSpecs are where the spec of pods can be: in a Pod, in a Deployment and the
// like, and in a CronJob.
func PodSpecs() [][]string {
	return [][]string{{"spec"}, {"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}}
}
