package diagnose_test

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
)

// Explain asks nobody: it goes by what has been read of the cluster.
func ExampleExplain() {
	shop := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1",
		"kind":       "Deployment",
		"metadata":   map[string]any{"namespace": "shop", "name": "shop"},
	}}
	pod := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop-1"},
		Status: corev1.PodStatus{
			Phase: corev1.PodPending,
			ContainerStatuses: []corev1.ContainerStatus{{
				Name:  "shop",
				Image: "shop:v2",
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
					Reason:  "ImagePullBackOff",
					Message: "Back-off pulling image \"shop:v2\"",
				}},
			}},
		},
	}
	for _, finding := range diagnose.Explain(diagnose.Evidence{Workload: shop, Pods: []corev1.Pod{pod}}) {
		fmt.Println(finding)
		fmt.Println("try:", finding.Next)
		fmt.Println("does not heal by itself after", finding.Grace)
	}
	// Output:
	// pod shop-1: container shop: ImagePullBackOff: image "shop:v2"
	// try: kubectl describe pod shop-1 -n shop
	// does not heal by itself after 30s
}
