// Package manifest owns what is going to be applied: objects as their author
// wrote them, and where each of them was written.
package manifest

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Object is one object of a manifest.
type Object struct {
	*unstructured.Unstructured
	Source Source
	// IfAbsent marks an object that is left alone if it exists.
	IfAbsent bool
}

// Content is what was read: objects, and what their author should know about
// how they were written.
type Content struct {
	Objects  []Object
	Warnings []string
}

// Add appends what was read after it.
func (c *Content) Add(next Content) {
	c.Objects = append(c.Objects, next.Objects...)
	c.Warnings = append(c.Warnings, next.Warnings...)
}

// Source is the place where an object was written.
type Source struct {
	// File is a path, a URL, "stdin", or the name of a chart and template.
	File string
	// Document counts the documents of the file from 1.
	Document int
	// Line is the line of the file, counted from 1, on which the document's
	// content begins; 0 where the file was generated.
	Line int
}

// String returns "demo.yaml, document 3 (line 120)".
func (s Source) String() string {
	switch {
	case s.Document == 0:
		return s.File
	case s.Line == 0:
		return fmt.Sprintf("%s, document %d", s.File, s.Document)
	}
	return fmt.Sprintf("%s, document %d (line %d)", s.File, s.Document, s.Line)
}

// Ref names an object for events and messages.
func Ref(o *unstructured.Unstructured) event.Object {
	return event.Object{
		Group:     o.GroupVersionKind().Group,
		Kind:      o.GetKind(),
		Namespace: o.GetNamespace(),
		Name:      o.GetName(),
	}
}

// IsCRD reports whether the object is a CustomResourceDefinition.
func IsCRD(o *unstructured.Unstructured) bool {
	return o.GroupVersionKind().GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
}

// IsNamespace reports whether the object is a Namespace.
func IsNamespace(o *unstructured.Unstructured) bool {
	return o.GroupVersionKind().GroupKind() == schema.GroupKind{Kind: "Namespace"}
}

func newNamespace(name string) *unstructured.Unstructured {
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Namespace",
		"metadata":   map[string]any{"name": name},
	}}
	labelNamespace(namespace)
	return namespace
}

// labelNamespace writes down the label that the API server gives every
// namespace. An apply that owns no field at all is recorded by the server as
// a change when it comes a second time; this one owns the label.
func labelNamespace(namespace *unstructured.Unstructured) {
	labels, _, err := unstructured.NestedStringMap(namespace.Object, "metadata", "labels")
	if err != nil {
		return // the server refuses such labels, and says why
	}
	if labels == nil {
		labels = map[string]string{}
	}
	labels["kubernetes.io/metadata.name"] = namespace.GetName()
	namespace.SetLabels(labels)
}
