package apiupgrade

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	crdv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What v1beta1 did not look at, and v1 does
// (k8s.io/apiextensions-apiserver, pkg/apis/apiextensions/validation).

// openAPITypes are all that there are.
var openAPITypes = map[string]bool{"array": true, "boolean": true, "integer": true, "number": true, "object": true, "string": true}

// unknownTypes takes away types that do not exist: what they meant is not known,
// and so any value is accepted.
func (r *schemaRepair) unknownTypes(node *crdv1.JSONSchemaProps, at *field.Path) {
	if node.Type != "" && !openAPITypes[node.Type] {
		r.strange = append(r.strange, fmt.Sprintf("the schema's %s accepts any value: the type %q does not exist", at, node.Type))
		node.Type, node.XPreserveUnknownFields = "", yes()
	}
	if node.XPreserveUnknownFields != nil && !*node.XPreserveUnknownFields {
		node.XPreserveUnknownFields = nil
	}
	below(node, at, r.unknownTypes)
}

// listTypes takes away types of lists and mappings that v1 refuses. To require a
// key, or to give it a default, would refuse or change what is accepted today; a
// list without a type is only replaced as a whole.
func (r *schemaRepair) listTypes(node *crdv1.JSONSchemaProps, at *field.Path) {
	if why := wrongList(node); why != "" {
		r.lists = append(r.lists, fmt.Sprintf("the schema's %s is a list that is replaced as a whole: %s", at, why))
		node.XListType, node.XListMapKeys = nil, nil
	}
	if of := node.XMapType; of != nil && (node.Type != "object" || *of != "atomic" && *of != "granular") {
		r.loose = append(r.loose, at.Child("x-kubernetes-map-type").String())
		node.XMapType = nil
	}
	below(node, at, r.listTypes)
}

// wrongList says why v1 refuses the type of a list; it is empty where it does not.
func wrongList(node *crdv1.JSONSchemaProps) string {
	kind := ""
	if node.XListType != nil {
		kind = *node.XListType
	}
	switch {
	case kind == "" && len(node.XListMapKeys) == 0 && node.XListType == nil, kind == "atomic" && node.Type == "array" && len(node.XListMapKeys) == 0:
		return ""
	case kind == "set" || kind == "map":
	default:
		return "v1 does not accept its x-kubernetes-list-type or -list-map-keys"
	}
	switch {
	case node.Type != "array" || node.Items == nil || node.Items.Schema == nil:
		return "v1 wants a list with items for x-kubernetes-list-type " + kind
	case node.Items.Schema.Nullable:
		return "v1 does not let items of a " + kind + " be null"
	case kind == "map":
		return wrongKeys(node.XListMapKeys, node.Items.Schema)
	case len(node.XListMapKeys) > 0:
		return "v1 takes x-kubernetes-list-map-keys only for a map"
	}
	return wrongItem(node.Items.Schema)
}

// wrongKeys says why items cannot be told apart by keys.
func wrongKeys(keys []string, item *crdv1.JSONSchemaProps) string {
	if len(keys) == 0 || item.Type != "object" {
		return "v1 wants keys and objects for x-kubernetes-list-type map"
	}
	for n, key := range keys {
		property, known := item.Properties[key]
		switch {
		case slices.Contains(keys[:n], key):
			return fmt.Sprintf("v1 takes the key %s only once", key)
		case !known || property.Type == "object" || property.Type == "array" || property.Nullable:
			return fmt.Sprintf("v1 wants the key %s to be a simple field of the items", key)
		case !slices.Contains(item.Required, key) && property.Default == nil:
			return fmt.Sprintf("v1 wants the key %s to be required or to have a default", key)
		}
	}
	return ""
}

// wrongItem says why items are none of a set.
func wrongItem(item *crdv1.JSONSchemaProps) string {
	list := item.Type == "array" && item.XListType != nil && *item.XListType != "atomic"
	mapping := item.Type == "object" && (item.XMapType == nil || *item.XMapType != "atomic")
	if list || mapping {
		return "v1 wants the items of a set to be atomic"
	}
	return ""
}

// below visits the schemas of what is in a value, in order.
func below(node *crdv1.JSONSchemaProps, at *field.Path, visit func(*crdv1.JSONSchemaProps, *field.Path)) {
	for _, name := range slices.Sorted(maps.Keys(node.Properties)) {
		property := node.Properties[name]
		visit(&property, at.Child("properties").Key(name))
		node.Properties[name] = property
	}
	if node.Items != nil && node.Items.Schema != nil {
		visit(node.Items.Schema, at.Child("items"))
	}
	if node.AdditionalProperties != nil && node.AdditionalProperties.Schema != nil {
		visit(node.AdditionalProperties.Schema, at.Child("additionalProperties"))
	}
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return slices.Compact(lines)
}

// columnTypes are those that v1 knows.
var columnTypes = map[string]bool{"boolean": true, "date": true, "integer": true, "number": true, "string": true}

// columns returns the printer columns of a version as v1 accepts them.
func (d *draft) columns(old []crdv1.CustomResourceColumnDefinition) []crdv1.CustomResourceColumnDefinition {
	var kept []crdv1.CustomResourceColumnDefinition
	for _, column := range old {
		path := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(column.JSONPath), "{"), "}")
		if path != "" && path[0] != '.' {
			path = "." + path
		}
		if path == "" || column.Name == "" {
			d.note("the printer column %q is left out: it has no name or no path", column.Name)
			continue
		}
		if path != column.JSONPath {
			d.note("the path of the printer column %q becomes %s", column.Name, path)
		}
		if !columnTypes[column.Type] {
			d.note("the type of the printer column %q becomes string: v1 does not know %q", column.Name, column.Type)
			column.Type = "string"
		}
		column.JSONPath = path
		kept = append(kept, column)
	}
	return kept
}
