package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// CheckStrings refuses an object in which the value of a label, an annotation, a
// selector or data is not a string: YAML reads 1.10 and true as something else,
// and a client that reads such labels sees none at all. Labels and annotations
// that are null it removes, and null among them it makes empty, as the server
// does. The error names the fields, and never a value.
func CheckStrings(object *unstructured.Unstructured) error {
	settleNull(object)
	var wrong []string
	for _, path := range stringMaps(object) {
		found, _, err := unstructured.NestedFieldNoCopy(object.Object, path...)
		if err != nil || found == nil {
			continue // the server refuses what is around it
		}
		fields, isMap := found.(map[string]any)
		if !isMap {
			return fmt.Errorf("%s must be a mapping, not a %s", strings.Join(path, "."), typeOf(found))
		}
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			if value := fields[key]; value != nil && typeOf(value) != "string" {
				wrong = append(wrong, fmt.Sprintf("%s.%s (%s)", strings.Join(path, "."), key, typeOf(value)))
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("not a string: %s; put it in quotes", strings.Join(wrong, ", "))
}

// settleNull makes null of labels and annotations what the server reads in it.
func settleNull(object *unstructured.Unstructured) {
	metadata, _ := object.Object["metadata"].(map[string]any)
	for _, name := range []string{"labels", "annotations"} {
		value, there := metadata[name]
		if there && value == nil {
			delete(metadata, name)
		}
		fields, _ := value.(map[string]any)
		for key, value := range fields {
			if value == nil {
				fields[key] = ""
			}
		}
	}
}

// stringMaps are the paths at which a kind has maps of strings. Of a custom
// resource nobody but its CRD knows more than the metadata.
func stringMaps(object *unstructured.Unstructured) [][]string {
	paths := [][]string{{"metadata", "labels"}, {"metadata", "annotations"}}
	gvk := object.GroupVersionKind()
	if untyped.IsCustom(gvk.Group) || IsCRD(object) {
		return paths
	}
	switch {
	case gvk.Group == "" && (gvk.Kind == "ConfigMap" || gvk.Kind == "Secret"):
		return append(paths, []string{"data"}, []string{"stringData"}, []string{"binaryData"})
	case gvk.Group == "" && (gvk.Kind == "Service" || gvk.Kind == "ReplicationController"):
		paths = append(paths, []string{"spec", "selector"})
	default:
		paths = append(paths, []string{"spec", "selector", "matchLabels"}, []string{"spec", "podSelector", "matchLabels"})
	}
	for _, pod := range untyped.PodSpecs() {
		paths = append(paths, append(slices.Clone(pod), "nodeSelector"))
		if template := pod[:len(pod)-1]; len(template) > 0 {
			metadata := append(slices.Clone(template), "metadata")
			paths = append(paths, append(slices.Clone(metadata), "labels"), append(metadata, "annotations"))
		}
	}
	return paths
}

// typeOf names the type of a value that was read as JSON.
func typeOf(value any) string {
	switch value.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case int64, float64, json.Number:
		return "number"
	case []any:
		return "list"
	}
	return "mapping"
}
