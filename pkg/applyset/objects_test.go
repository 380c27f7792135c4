package applyset

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

func TestListed(t *testing.T) {
	object := func(kind, resource, namespace, name string) Object {
		found := member(kind, namespace, name, "")
		found.Resource = schema.ParseGroupResource(resource).WithVersion("v1")
		return found
	}
	service := func(namespace, name string) Object {
		return object("VirtualService.networking.istio.io", "virtualservices.networking.istio.io", namespace, name)
	}
	pod := object("Pod", "pods", "mesh", "a")
	for _, test := range []struct {
		name    string
		objects []Object
		want    string
	}{
		{"one", []Object{service("default", "a")}, "virtualservice default/a"},
		{"some", []Object{service("shop", "c"), service("default", "b"), service("default", "a")}, "3 virtualservices (default/a, default/b, shop/c)"},
		{"many", []Object{service("shop", "d"), service("shop", "c"), service("default", "b"), service("default", "a")}, "4 virtualservices (default/a, default/b, shop/c, …)"},
		{"kinds", []Object{service("shop", "d"), pod, service("shop", "c")}, "2 virtualservices (shop/c, shop/d), pod mesh/a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Often, because the order of a map is another one each time.
			for range 20 {
				if got := Summary(test.objects); got != test.want {
					t.Fatalf("got %s, want %s", got, test.want)
				}
			}
		})
	}
}

// memberA is an object of the cluster; its kind is KIND.GROUP.
func member(kind, namespace, name, uid string) Object {
	gk := schema.ParseGroupKind(kind)
	return Object{
		Ref:  event.Object{Group: gk.Group, Kind: gk.Kind, Namespace: namespace, Name: name},
		Meta: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(uid)}},
	}
}
