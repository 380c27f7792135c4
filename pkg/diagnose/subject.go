package diagnose

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// subject is an object that has pods, or is one.
type subject struct {
	workload *unstructured.Unstructured
	// pods selects those of a workload; it is nil for a pod.
	pods labels.Selector
}

// subjectOf tells which pods an object has. Objects without a template have
// none: the selectors of Services and claims are for other things.
func subjectOf(object *unstructured.Unstructured) (subject, bool) {
	if isPod(object) {
		return subject{workload: object}, true
	}
	_, template, _ := unstructured.NestedMap(object.Object, "spec", "template")
	fields, found, _ := unstructured.NestedMap(object.Object, "spec", "selector")
	if !template || !found {
		return subject{}, false
	}
	var parsed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &parsed); err != nil {
		return subject{}, false
	}
	selector, err := metav1.LabelSelectorAsSelector(&parsed)
	if err != nil || selector.Empty() {
		return subject{}, false
	}
	return subject{workload: object, pods: selector}, true
}

func isPod(object *unstructured.Unstructured) bool {
	return object.GroupVersionKind().GroupKind() == corev1.SchemeGroupVersion.WithKind("Pod").GroupKind()
}

// narrow lets a list or a watch give no pods but those of the subject.
func (s subject) narrow(options *metav1.ListOptions) {
	if s.pods == nil {
		options.FieldSelector = fields.OneTermEqualSelector("metadata.name", s.workload.GetName()).String()
		return
	}
	options.LabelSelector = s.pods.String()
}

// has reports whether a pod is the subject's. Labels alone do not tell where
// two workloads select the same.
func (s subject) has(pod *corev1.Pod) bool {
	if s.pods == nil {
		return pod.Name == s.workload.GetName()
	}
	if !s.pods.Matches(labels.Set(pod.Labels)) {
		return false
	}
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return true
	}
	switch kind := s.workload.GetKind(); kind {
	case "Deployment":
		return owner.Kind == "ReplicaSet" && isReplicaSetOf(s.workload.GetName(), owner.Name)
	case "ReplicaSet", "StatefulSet", "DaemonSet", "Job":
		return owner.Kind == kind && owner.Name == s.workload.GetName()
	}
	return true
}
