// Package managedfields knows this program's field manager, and reads what field
// managers own of an object.
package managedfields

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Manager is the field manager under which this program applies objects.
const Manager = "kubectl-istio-demo"

// Of returns the fields of an entry; none where they cannot be read.
func Of(entry metav1.ManagedFieldsEntry) *fieldpath.Set {
	fields := &fieldpath.Set{}
	if entry.FieldsV1 == nil || fields.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) != nil {
		return &fieldpath.Set{}
	}
	return fields
}

// HasLabel reports whether a label is among the fields of an entry.
func HasLabel(entry metav1.ManagedFieldsEntry, label string) bool {
	return Of(entry).Has(fieldpath.MakePathOrDie("metadata", "labels", label))
}
