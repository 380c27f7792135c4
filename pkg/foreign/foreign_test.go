package foreign

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestRemedies has the use of what is there come first and its removal last, and
// names no Istio where the manifest brings none.
func TestRemedies(t *testing.T) {
	istiod := apply.Target{
		Ref:    event.Object{Group: "apps", Kind: "Deployment", Namespace: "mesh", Name: "istiod"},
		Object: &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"labels": map[string]any{"istio": "pilot"}}}},
	}
	refs := []event.Object{{Kind: "ConfigMap", Namespace: "mesh", Name: "a"}, {Kind: "ConfigMap", Namespace: "mesh", Name: "b"}}
	istioctls := Holder{Owner: applyset.Owner{Tool: applyset.Istioctl}, Refs: refs}
	helms := Holder{Owner: applyset.Owner{Tool: applyset.Helm, Name: "shop", Namespace: "mesh"}, Refs: refs[:1]}
	beside := Holder{Refs: []event.Object{istiod.Ref}}
	for _, test := range []struct {
		name           string
		others, beside []Holder
		targets        []apply.Target
		want           string
	}{
		{"an Istio", []Holder{istioctls}, nil, []apply.Target{istiod}, "use it: 'kubectl istio-demo sample install bookinfo' works with it; or adopt these 2 objects with --adopt; only if it is yours, remove it with 'istioctl uninstall --purge'"},
		{"something else", []Holder{helms}, nil, nil, "adopt it with --adopt; only if it is yours, remove it with 'helm uninstall -n mesh shop'"},
		{"an Istio beside it", nil, []Holder{beside}, []apply.Target{istiod}, "use it: 'kubectl istio-demo sample install bookinfo' works with it; remove it only if it is yours (--skip-checks=foreign continues with two control planes, which interfere)"},
		{"nothing", nil, nil, []apply.Target{istiod}, ""},
	} {
		if results := Results(test.others, test.beside, test.targets); len(results) != 1 || results[0].Remedy != test.want {
			t.Errorf("%s: %+v", test.name, results)
		}
	}
}
