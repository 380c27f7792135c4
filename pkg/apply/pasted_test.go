package apply

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestPasted has names that a shell would run in what users are told to do by
// hand.
func TestPasted(t *testing.T) {
	for _, name := range pasted.Names {
		target := Target{
			Ref:      event.Object{Kind: "ConfigMap", Namespace: name, Name: name},
			Object:   &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}},
			Resource: schema.GroupVersionResource{Version: "v1", Resource: name},
		}
		pasted.Check(t, name, (&Engine{}).anew(target))
	}
}
