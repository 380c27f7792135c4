package demo

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// BenchmarkPlan places objects in their namespaces, puts them into their order
// and parts them into what can be applied at once.
func BenchmarkPlan(b *testing.B) {
	for _, size := range []int{50, 500, 5000} {
		var objects []manifest.Object
		for n := range size {
			kind := []string{"ConfigMap", "Service", "ServiceAccount", "Secret"}[n%4]
			object := &unstructured.Unstructured{}
			object.SetAPIVersion("v1")
			object.SetKind(kind)
			object.SetName(fmt.Sprintf("object-%d", n))
			object.SetNamespace(fmt.Sprintf("namespace-%d", n%50))
			objects = append(objects, manifest.Object{Unstructured: object})
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				planned, err := Plan(objects, manifest.Namespace{Name: "mesh"})
				if err != nil {
					b.Fatal(err)
				}
				targets := make([]apply.Target, len(planned))
				for n, object := range planned {
					targets[n] = apply.Target{Ref: manifest.Ref(object.Unstructured), Object: object.Unstructured}
				}
				if got := batchesOf(stages(targets), 0, definedBy(targets), true); len(got) == 0 {
					b.Fatal("there is nothing to apply")
				}
			}
		})
	}
}
