package demo

import (
	"context"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

// TestUnreserved keeps the inventory's place free.
func TestUnreserved(t *testing.T) {
	for _, test := range []struct {
		kind, namespace, name string
		want                  string
	}{
		{"ConfigMap", "mesh", "istio-demo", "demo.yaml, document 1 (line 1): configmap mesh/istio-demo is where install keeps its inventory; give it another name"},
		{"ConfigMap", "", "istio-demo", "demo.yaml, document 1 (line 1): configmap mesh/istio-demo is where install keeps its inventory; give it another name"},
		{"ConfigMap", "mesh", "istio", ""},
		{"Secret", "mesh", "istio-demo", ""},
	} {
		object := manifest.Object{Unstructured: &unstructured.Unstructured{}, Source: manifest.Source{File: "demo.yaml", Document: 1, Line: 1}}
		object.SetAPIVersion("v1")
		object.SetKind(test.kind)
		object.SetName(test.name)
		object.SetNamespace(test.namespace)
		_, err := Plan([]manifest.Object{object}, manifest.Namespace{Name: "mesh"})
		var input *InputError
		if errors.As(err, &input) != (test.want != "") || err != nil && err.Error() != test.want {
			t.Errorf("%s %s/%s: %v", test.kind, test.namespace, test.name, err)
		}
	}
}

// TestInterrupted says what was waited for, and leaves other errors alone.
func TestInterrupted(t *testing.T) {
	over, cancel := context.WithCancelCause(t.Context())
	cancel(ErrTimeout)
	stuck := &remove.StuckError{Cause: ErrTimeout, Stuck: []remove.Stuck{{Object: event.Object{Kind: "ConfigMap", Namespace: "mesh", Name: "a"}}}}
	refused := errors.New("refused")
	for _, test := range []struct {
		name    string
		ctx     context.Context
		err     error
		applied int
		want    string
	}{
		{"at first", over, refused, 0, "timed out before anything was applied; run the same command again"},
		{"on the way", over, refused, 3, "timed out: 3 of 5 objects are applied; run the same command again to go on"},
		{"while it prunes", over, stuck, 5, "timed out: configmap mesh/a is deleted, but what belongs to it is not gone yet; run the same command again to go on waiting"},
		{"for another reason", t.Context(), refused, 3, "refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := (&Install{}).interrupted(test.ctx, test.err, test.applied, 5); got.Error() != test.want {
				t.Errorf("it says %v", got)
			}
		})
	}
}
