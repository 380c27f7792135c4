package samples

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
)

// namespaceOf gives a namespace with labels, of which the one for injection
// was put there by the managers.
func namespaceOf(labels map[string]string, managers ...string) *metav1.PartialObjectMetadata {
	namespace := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: labels}}
	for _, manager := range managers {
		namespace.ManagedFields = append(namespace.ManagedFields, metav1.ManagedFieldsEntry{
			Manager: manager, Operation: metav1.ManagedFieldsOperationApply,
			FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:istio-injection":{}}}}`),
		})
	}
	return namespace
}

// TestLabellingOf leaves alone what people have decided, and shares what
// another sample has.
func TestLabellingOf(t *testing.T) {
	on := map[string]string{"istio-injection": "enabled"}
	mine, other := apply.LabelManager(applyset.SampleName("bookinfo")), apply.LabelManager(applyset.SampleName("httpbin"))
	for _, test := range []struct {
		name      string
		namespace metav1.Object
		want      labelling
	}{
		{"none yet", nil, newLabel},
		{"without", namespaceOf(nil), newLabel},
		{"by somebody", namespaceOf(on, "kubectl-label"), noLabel},
		{"by this one", namespaceOf(on, mine), noLabel},
		{"by another one", namespaceOf(on, other), sharedLabel},
		{"by both", namespaceOf(on, other, mine), noLabel},
		{"a revision", namespaceOf(map[string]string{"istio.io/rev": "canary"}), noLabel},
		{"kept out", namespaceOf(map[string]string{"istio-injection": "disabled"}), refusedLabel},
		{"kept out of a revision", namespaceOf(map[string]string{"istio-injection": "disabled", "istio.io/rev": "canary"}), refusedLabel},
	} {
		if got := labellingOf(test.namespace, applyset.SampleName("bookinfo")); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}
