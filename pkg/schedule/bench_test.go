package schedule

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// BenchmarkPlan sorts objects and cuts them into batches.
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
				if plan := New(sorted(objects), Options{Unrestricted: true}); len(plan.Phases) == 0 {
					b.Fatal("there is nothing to apply")
				}
			}
		})
	}
}
