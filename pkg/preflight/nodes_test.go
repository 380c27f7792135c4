package preflight

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// node makes a node that is ready, has an architecture and room for ten pods.
func node(name, architecture, cpu, memory string, change ...func(*corev1.Node)) corev1.Node {
	node := corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/arch": architecture}},
		Status: corev1.NodeStatus{
			Allocatable: resources(cpu, memory),
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
	node.Status.Allocatable[corev1.ResourcePods] = resource.MustParse("10")
	for _, change := range change {
		change(&node)
	}
	return node
}

func tainted(key string, effect corev1.TaintEffect) func(*corev1.Node) {
	return func(node *corev1.Node) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: key, Effect: effect})
	}
}

func cordoned(node *corev1.Node) { node.Spec.Unschedulable = true }

func unready(node *corev1.Node) { node.Status.Conditions[0].Status = corev1.ConditionUnknown }

func provided(id string) func(*corev1.Node) {
	return func(node *corev1.Node) { node.Spec.ProviderID = id }
}

// resources leaves out what is empty.
func resources(cpu, memory string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, quantity := range map[corev1.ResourceName]string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
		if quantity != "" {
			list[name] = resource.MustParse(quantity)
		}
	}
	return list
}

func requests(cpu, memory string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: resources(cpu, memory)}
}

// workload makes a deployment of pods with one container.
func workload(name string, replicas int, cpu, memory string, change ...func(*corev1.PodSpec)) Workload {
	spec := corev1.PodSpec{Containers: []corev1.Container{{Resources: requests(cpu, memory)}}}
	for _, change := range change {
		change(&spec)
	}
	return Workload{
		What: "deployment mesh/" + name, Namespace: "mesh", Replicas: replicas,
		Pod: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name}}, Spec: spec},
	}
}

func selecting(key, value string) func(*corev1.PodSpec) {
	return func(pod *corev1.PodSpec) { pod.NodeSelector = map[string]string{key: value} }
}

func tolerating(key string) func(*corev1.PodSpec) {
	return func(pod *corev1.PodSpec) {
		pod.Tolerations = append(pod.Tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists})
	}
}

// requiring makes terms of one expression each, one of which must hold.
func requiring(expressions ...corev1.NodeSelectorRequirement) func(*corev1.PodSpec) {
	selector := &corev1.NodeSelector{}
	for _, expression := range expressions {
		selector.NodeSelectorTerms = append(selector.NodeSelectorTerms,
			corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{expression}})
	}
	return func(pod *corev1.PodSpec) {
		pod.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: selector}}
	}
}

// pod makes one that is on a node already.
func pod(node, cpu, memory string) corev1.Pod {
	return corev1.Pod{Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Resources: requests(cpu, memory)}}}}
}

func nodes(items ...corev1.Node) corev1.NodeList { return corev1.NodeList{Items: items} }
