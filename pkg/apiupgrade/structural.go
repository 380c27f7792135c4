package apiupgrade

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	crdv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var schemaPath = field.NewPath("openAPIV3Schema")

// structural returns a schema that v1 accepts, in which every field has a type,
// and says what had to give way. What is changed only ever allows more than
// the old schema did.
func structural(old *crdv1.JSONSchemaProps) (*crdv1.JSONSchemaProps, []string) {
	repair := &schemaRepair{schema: old.DeepCopy()}
	repair.unknownTypes(repair.schema, schemaPath)
	if len(faults(repair.schema)) > 0 {
		repair.root()
	}
	// A fault can hide another one.
	for range maxRepairs {
		wrong := faults(repair.schema)
		if len(wrong) == 0 {
			repair.listTypes(repair.schema, schemaPath)
			return repair.schema, repair.notes()
		}
		if !repair.loosen(repair.schema, schemaPath, wrong) {
			break
		}
	}
	return anything(), []string{"the schema allows everything: v1 cannot express the old one"}
}

// maxRepairs is more than a schema of nested anyOf and oneOf takes.
const maxRepairs = 20

// faults returns the paths of what v1 does not accept in a schema.
func faults(schema *crdv1.JSONSchemaProps) []string {
	internal := &apiextensions.JSONSchemaProps{}
	if err := crdv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schema, internal, nil); err != nil {
		return []string{""}
	}
	parsed, err := structuralschema.NewStructural(internal)
	if err != nil {
		return []string{""}
	}
	var paths []string
	for _, fault := range structuralschema.ValidateStructural(schemaPath, parsed) {
		path := fault.Field
		// It is told at the place where a field is missing, not at the one
		// that needs it.
		if _, needed, found := strings.Cut(fault.Detail, "because it is defined in "); found {
			path = needed
		}
		paths = append(paths, path)
	}
	return paths
}

type schemaRepair struct {
	schema *crdv1.JSONSchemaProps
	typed  bool
	loose  []string
	// lists and strange are what else was changed, in words.
	lists, strange []string
}

func (r *schemaRepair) notes() []string {
	var notes []string
	if r.typed {
		notes = append(notes, "schema fields without a type accept any type")
	}
	slices.Sort(r.loose)
	for _, path := range slices.Compact(r.loose) {
		notes = append(notes, fmt.Sprintf("the schema's %s is left out: v1 does not accept it", path))
	}
	return slices.Concat(notes, sorted(r.strange), sorted(r.lists))
}

// root has rules of its own: it is an object whose metadata is known.
func (r *schemaRepair) root() {
	if r.schema.Type == "" || r.schema.Ref != nil {
		r.schema.Type = "object"
	}
	if r.schema.AdditionalProperties != nil {
		r.schema.AdditionalProperties = nil
		r.schema.XPreserveUnknownFields = yes()
	}
	r.types(r.schema, schemaPath)
	r.head(r.schema, schemaPath)
	if metadata, ok := r.schema.Properties["metadata"]; ok && !namesOnly(metadata) {
		r.schema.Properties["metadata"] = crdv1.JSONSchemaProps{Type: "object"}
		r.loose = append(r.loose, schemaPath.Child("properties").Key("metadata").String())
	}
}

// head returns the fields that every object has their types.
func (r *schemaRepair) head(node *crdv1.JSONSchemaProps, at *field.Path) {
	for name, kind := range map[string]string{"apiVersion": "string", "kind": "string", "metadata": "object"} {
		if property, ok := node.Properties[name]; ok && property.Type != kind {
			node.Properties[name] = crdv1.JSONSchemaProps{Type: kind}
			r.loose = append(r.loose, at.Child("properties").Key(name).String())
		}
	}
}

func namesOnly(metadata crdv1.JSONSchemaProps) bool {
	for name := range metadata.Properties {
		if name != "name" && name != "generateName" {
			return false
		}
	}
	metadata.Properties, metadata.Type = nil, ""
	return isEmpty(&metadata)
}

// types returns a node and those below it what v1 asks for. The branches of
// anyOf and the like are left alone.
func (r *schemaRepair) types(node *crdv1.JSONSchemaProps, at *field.Path) {
	r.unsupported(node, at)
	switch {
	case node.XEmbeddedResource:
		if node.Type != "object" || len(node.Properties) == 0 {
			node.Type, node.XPreserveUnknownFields = "object", yes()
		}
		r.head(node, at)
	case node.Type == "" && eitherIntOrString(node):
		node.XIntOrString, node.AnyOf, node.OneOf = true, nil, nil
	case node.Type == "" && !node.XIntOrString && node.XPreserveUnknownFields == nil:
		node.XPreserveUnknownFields = yes()
		r.typed = true
	case node.Type == "array" && (node.Items == nil || node.Items.Schema == nil):
		node.Items = &crdv1.JSONSchemaPropsOrArray{Schema: &crdv1.JSONSchemaProps{XPreserveUnknownFields: yes()}}
		r.typed = true
	}
	for name, property := range node.Properties {
		r.types(&property, at.Child("properties").Key(name))
		node.Properties[name] = property
	}
	if node.Items != nil && node.Items.Schema != nil {
		r.types(node.Items.Schema, at.Child("items"))
	}
	if node.AdditionalProperties != nil && node.AdditionalProperties.Schema != nil {
		r.types(node.AdditionalProperties.Schema, at.Child("additionalProperties"))
	}
}

// unsupported leaves out what no version of the API understood.
func (r *schemaRepair) unsupported(node *crdv1.JSONSchemaProps, at *field.Path) {
	if node.Ref != nil {
		*node = crdv1.JSONSchemaProps{Type: node.Type, Description: node.Description, XPreserveUnknownFields: yes()}
		r.loose = append(r.loose, at.Child("$ref").String())
	}
	if node.Items != nil && len(node.Items.JSONSchemas) > 0 {
		node.Items = nil
		r.loose = append(r.loose, at.Child("items").String())
	}
	node.ID, node.Schema, node.AdditionalItems = "", "", nil
	node.PatternProperties, node.Dependencies, node.Definitions = nil, nil, nil
}

// loosen takes the anyOf and the like out of a node in which there are faults,
// and tells whether it found any.
func (r *schemaRepair) loosen(node *crdv1.JSONSchemaProps, at *field.Path, faults []string) bool {
	found := false
	take := func(key string, there bool, clear func()) {
		path := at.Child(key).String()
		faulty := func(fault string) bool {
			return fault == path || strings.HasPrefix(fault, path+"[") || strings.HasPrefix(fault, path+".")
		}
		if there && slices.ContainsFunc(faults, faulty) {
			clear()
			found = true
			r.loose = append(r.loose, path)
		}
	}
	take("anyOf", len(node.AnyOf) > 0, func() { node.AnyOf = nil })
	take("allOf", len(node.AllOf) > 0, func() { node.AllOf = nil })
	take("oneOf", len(node.OneOf) > 0, func() { node.OneOf = nil })
	take("not", node.Not != nil, func() { node.Not = nil })
	take("pattern", node.Pattern != "", func() { node.Pattern = "" })
	for name, property := range node.Properties {
		if r.loosen(&property, at.Child("properties").Key(name), faults) {
			node.Properties[name] = property
			found = true
		}
	}
	if node.Items != nil && node.Items.Schema != nil {
		found = r.loosen(node.Items.Schema, at.Child("items"), faults) || found
	}
	if node.AdditionalProperties != nil && node.AdditionalProperties.Schema != nil {
		found = r.loosen(node.AdditionalProperties.Schema, at.Child("additionalProperties"), faults) || found
	}
	return found
}
