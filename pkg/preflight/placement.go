package preflight

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// takes reports whether the scheduler may put a pod on a node, its size aside:
// by the pod's nodeSelector, its required node affinity and its tolerations.
// Affinity to other pods, and what is only preferred, is ignored. Whether the
// node is ready is another question.
func takes(node *corev1.Node, pod *corev1.PodSpec) bool {
	if node.Spec.Unschedulable {
		return false
	}
	if _, tainted := scheduling.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Tolerations, isLasting, false); tainted {
		return false
	}
	matches, err := nodeaffinity.NewRequiredNodeAffinity(pod.NodeSelector, pod.Affinity).Match(node)
	return matches && err == nil
}

// isLasting reports whether a taint keeps pods away for good. Those that Kubernetes
// gives a node for its condition come and go with that.
func isLasting(taint *corev1.Taint) bool {
	repels := taint.Effect == corev1.TaintEffectNoSchedule || taint.Effect == corev1.TaintEffectNoExecute
	return repels && !strings.HasPrefix(taint.Key, "node.kubernetes.io/")
}
