package samples

import (
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
)

// TestRouteObject writes what it reads.
func TestRouteObject(t *testing.T) {
	route := Route{Service: "reviews", Weights: []Weight{{"v1", 90}, {"v3", 10}}}
	object := routeObject(route, "shop", "applyset-x-v1")
	if got := weightsOf(*object); !reflect.DeepEqual(got, route.Weights) {
		t.Errorf("it is read as %v", got)
	}
	if !routesTo(*object, "reviews") || routesTo(*object, "ratings") {
		t.Errorf("it routes %v", object.Object["spec"])
	}
	if labels := object.GetLabels(); labels[applyset.PartOf] != "applyset-x-v1" || labels[RouteLabel] != "reviews" {
		t.Errorf("its labels are %v", labels)
	}
}

// TestRoutesTo knows the names of a service, and that what is for a gateway
// only is not for pods.
func TestRoutesTo(t *testing.T) {
	for _, test := range []struct {
		host     string
		gateways []any
		want     bool
	}{
		{"reviews", nil, true},
		{"reviews.shop", nil, true},
		{"reviews.shop.svc.cluster.local", nil, true},
		{"reviews", []any{"way-in", "mesh"}, true},
		{"reviews", []any{"way-in"}, false},
		{"reviews.other.svc.cluster.local", nil, false},
		{"reviews.shopping", nil, false},
		{"reviews2", nil, false},
	} {
		rule := unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"namespace": "shop"},
			"spec":     map[string]any{"hosts": []any{test.host}, "gateways": test.gateways},
		}}
		if got := routesTo(rule, "reviews"); got != test.want {
			t.Errorf("%s %v: got %t", test.host, test.gateways, got)
		}
	}
}

// TestCheckRoute names what there is instead of what there is not, and whose
// the route is already.
func TestCheckRoute(t *testing.T) {
	theirs := unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": "shop", "name": "mine"},
		"spec":     map[string]any{"hosts": []any{"ratings"}},
	}}
	on := &routeState{
		inventory: &applyset.Inventory{Parent: &applyset.Parent{Name: applyset.SampleName("bookinfo"), Namespace: "shop"}},
		versions:  map[string][]string{"reviews": {"v1", "v2"}, "ratings": {"v1"}},
		rules:     []unstructured.Unstructured{theirs},
	}
	for _, test := range []struct {
		service, version, want string
	}{
		{"reviews", "v2", ""},
		{"reviews", "v4", "service reviews has no version v4; available: v1, v2"},
		{"reviws", "v1", "service reviws not found in the sample; available: ratings, reviews"},
		{"ratings", "v1", "virtualservice shop/mine of another owner already routes service ratings; change that one, or delete it first"},
	} {
		err := on.check(Route{Service: test.service, Weights: []Weight{{test.version, 100}}})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s=%s: %v", test.service, test.version, err)
		}
	}
}
