package ready_test

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
)

// Compute judges an object by itself, as it was last seen.
func ExampleCompute() {
	deployment := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1",
		"kind":       "Deployment",
		"metadata":   map[string]any{"name": "istiod", "generation": int64(1)},
		"spec":       map[string]any{"replicas": int64(2)},
		"status": map[string]any{
			"observedGeneration": int64(1),
			"replicas":           int64(2),
			"updatedReplicas":    int64(2),
			"readyReplicas":      int64(1),
			"availableReplicas":  int64(1),
		},
	}}
	state, lacks := ready.Compute(deployment)
	fmt.Println(state == ready.Ready, lacks)

	status := deployment.Object["status"].(map[string]any)
	status["readyReplicas"], status["availableReplicas"] = int64(2), int64(2)
	status["conditions"] = []any{map[string]any{"type": "Available", "status": "True"}}
	state, _ = ready.Compute(deployment)
	fmt.Println(state == ready.Ready)
	// Output:
	// false Available: 1/2
	// true
}
