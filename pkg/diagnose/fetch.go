package diagnose

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"k8s.io/apimachinery/pkg/runtime"
)

// Workload asks for the pods of a workload and explains what holds it back,
// with one request. Objects without a selector cost none.
func Workload(ctx context.Context, client typedcorev1.PodsGetter, workload *unstructured.Unstructured) string {
	if workload.GroupVersionKind().GroupKind().String() == "Pod" {
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(workload.Object, &pod); err != nil {
			return ""
		}
		return Explain(workload, []corev1.Pod{pod})
	}
	selector, found, _ := unstructured.NestedMap(workload.Object, "spec", "selector")
	if !found {
		return replicaFailure(workload)
	}
	var parsed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(selector, &parsed); err != nil {
		return replicaFailure(workload)
	}
	var pods []corev1.Pod
	list, err := client.Pods(workload.GetNamespace()).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(&parsed),
	})
	if err == nil {
		pods = list.Items
	}
	return Explain(workload, pods)
}
