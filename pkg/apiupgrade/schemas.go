package apiupgrade

import (
	crdv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// anything is the schema of an object of which nothing is known.
func anything() *crdv1.JSONSchemaProps {
	return &crdv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: yes()}
}

func yes() *bool {
	value := true
	return &value
}

func isEmpty(schema *crdv1.JSONSchemaProps) bool {
	return equality.Semantic.DeepEqual(schema, &crdv1.JSONSchemaProps{})
}

// keepUnknown marks every object of a schema as keeping the fields that the
// schema does not know. v1beta1 kept them everywhere, v1 only where it is
// told to. The metadata of the object itself is known, and not to be marked.
func keepUnknown(root *crdv1.JSONSchemaProps) {
	metadata, ok := root.Properties["metadata"]
	delete(root.Properties, "metadata")
	keepFields(root)
	if ok {
		root.Properties["metadata"] = metadata
	}
}

func keepFields(node *crdv1.JSONSchemaProps) {
	// What is in an object of free names is known.
	if node.Type == "object" && node.AdditionalProperties == nil {
		node.XPreserveUnknownFields = yes()
	}
	for name, property := range node.Properties {
		keepFields(&property)
		node.Properties[name] = property
	}
	if node.Items != nil && node.Items.Schema != nil {
		keepFields(node.Items.Schema)
	}
	if node.AdditionalProperties != nil && node.AdditionalProperties.Schema != nil {
		keepFields(node.AdditionalProperties.Schema)
	}
}

// eitherIntOrString reports whether a schema says with anyOf or oneOf that a
// value is a number or text, for which v1 has a word.
func eitherIntOrString(node *crdv1.JSONSchemaProps) bool {
	branches := node.AnyOf
	if len(branches) == 0 {
		branches = node.OneOf
	} else if len(node.OneOf) > 0 {
		return false
	}
	kinds := map[string]bool{}
	for _, branch := range branches {
		kinds[branch.Type] = true
		branch.Type = ""
		if !isEmpty(&branch) {
			return false
		}
	}
	return len(branches) == 2 && kinds["integer"] && kinds["string"]
}
