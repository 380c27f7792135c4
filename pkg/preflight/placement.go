package preflight

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/klog/v2"
)

// takes tells whether the scheduler may put a pod on a node, its size aside:
// by the pod's nodeSelector, its required node affinity and its tolerations.
// Affinity to other pods, and what is only preferred, is not looked at. Whether
// the node is ready is another question.
func takes(node *corev1.Node, pod *corev1.PodSpec) bool {
	if node.Spec.Unschedulable {
		return false
	}
	if !labels.SelectorFromSet(pod.NodeSelector).Matches(labels.Set(node.Labels)) {
		return false
	}
	for i := range node.Spec.Taints {
		if !tolerates(pod, &node.Spec.Taints[i]) {
			return false
		}
	}
	return likes(node, pod)
}

// tolerates tells whether a taint does not keep the pod away. Those that
// Kubernetes gives a node for its condition come and go with that.
func tolerates(pod *corev1.PodSpec, taint *corev1.Taint) bool {
	if strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
		return true
	}
	if taint.Effect != corev1.TaintEffectNoSchedule && taint.Effect != corev1.TaintEffectNoExecute {
		return true
	}
	for i := range pod.Tolerations {
		if pod.Tolerations[i].ToleratesTaint(klog.Background(), taint, false) {
			return true
		}
	}
	return false
}

// likes tells whether a node is one that the pod's node affinity requires: one
// of its terms holds, and a term holds if all of its expressions do.
func likes(node *corev1.Node, pod *corev1.PodSpec) bool {
	if pod.Affinity == nil || pod.Affinity.NodeAffinity == nil || pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return true
	}
	for _, term := range pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		if holds(node, term) {
			return true
		}
	}
	return false
}

func holds(node *corev1.Node, term corev1.NodeSelectorTerm) bool {
	if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
		return false // by definition
	}
	// The only field there is.
	name := map[string]string{"metadata.name": node.Name}
	return all(term.MatchFields, name) && all(term.MatchExpressions, node.Labels)
}

// all tells whether all expressions hold for a set of labels or fields.
func all(expressions []corev1.NodeSelectorRequirement, set labels.Set) bool {
	for _, expression := range expressions {
		operator := selection.Operator(strings.ToLower(string(expression.Operator)))
		if expression.Operator == corev1.NodeSelectorOpDoesNotExist {
			operator = selection.DoesNotExist
		}
		requirement, err := labels.NewRequirement(expression.Key, operator, expression.Values)
		if err != nil || !requirement.Matches(set) {
			return false
		}
	}
	return true
}
