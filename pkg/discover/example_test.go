package discover_test

import (
	"fmt"
	"log"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
)

// What every cluster has and what a manifest defines needs no request.
func ExampleStandard() {
	kinds := discover.Standard()
	kinds.Define(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"spec": map[string]any{
			"group":    "shop.example.com",
			"scope":    "Namespaced",
			"names":    map[string]any{"kind": "Order", "plural": "orders"},
			"versions": []any{map[string]any{"name": "v1", "served": true}},
		},
	}})
	for _, gvk := range []schema.GroupVersionKind{
		{Group: "apps", Version: "v1", Kind: "Deployment"},
		{Group: "shop.example.com", Version: "v1", Kind: "Order"},
	} {
		kind, err := kinds.Lookup(gvk)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(kind.Resource.Resource, kind.Namespaced, kinds.Defined(gvk))
	}
	// Output:
	// deployments true false
	// orders true true
}
