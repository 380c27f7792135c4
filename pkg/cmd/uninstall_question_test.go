package cmd

import (
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// TestConsequences counts by kind, names what takes other things along, and what
// stays.
func TestConsequences(t *testing.T) {
	ref := func(kind, name string) event.Object { return event.Object{Kind: kind, Name: name} }
	for _, test := range []struct {
		removal uninstall.Removal
		want    []string
	}{
		{uninstall.Removal{Removed: []event.Object{ref("ConfigMap", "a")}}, []string{"to be deleted: 1 ConfigMap"}},
		{uninstall.Removal{
			Removed: []event.Object{ref("NetworkPolicy", "a"), ref("Ingress", "a"), ref("Namespace", "mesh"), ref("CustomResourceDefinition", "a"), ref("Ingress", "b"), ref("NetworkPolicy", "b")},
			Users:   []event.Object{ref("Gateway", "mine")},
			Kept:    []uninstall.Kept{{Ref: ref("Namespace", "other"), Why: "not empty"}},
		}, []string{
			"to be deleted: 1 CustomResourceDefinition, 1 Gateway, 2 Ingresses, 1 Namespace, 2 NetworkPolicies",
			"this includes 1 CRD with their kinds; namespace mesh",
			"namespace other is kept: not empty",
		}},
	} {
		if got := consequences(test.removal); !slices.Equal(got, test.want) {
			t.Errorf("it says %q, want %q", got, test.want)
		}
	}
}
