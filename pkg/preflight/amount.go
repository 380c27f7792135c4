package preflight

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	helpers "k8s.io/component-helpers/resource"
)

// amount is how much of a node pods need, or is there for them.
type amount struct {
	// milliCPU are thousandths of a core, memory is in bytes.
	milliCPU, memory, pods int64
}

func (a amount) plus(b amount) amount {
	return amount{a.milliCPU + b.milliCPU, a.memory + b.memory, a.pods + b.pods}
}

func (a amount) minus(b amount) amount {
	return amount{a.milliCPU - b.milliCPU, a.memory - b.memory, a.pods - b.pods}
}

// atLeast returns the larger of each.
func (a amount) atLeast(b amount) amount {
	return amount{max(a.milliCPU, b.milliCPU), max(a.memory, b.memory), max(a.pods, b.pods)}
}

func (a amount) times(n int) amount {
	return amount{a.milliCPU * int64(n), a.memory * int64(n), a.pods * int64(n)}
}

// fits reports whether a is free. What is not requested always is, also on a node
// that is overcommitted.
func (a amount) fits(free amount) bool {
	fits := func(requested, free int64) bool { return requested == 0 || requested <= free }
	return fits(a.milliCPU, free.milliCPU) && fits(a.memory, free.memory) && fits(a.pods, free.pods)
}

// String returns "cpu 500m, memory 2Gi, pods 1".
func (a amount) String() string {
	const mebi = 1 << 20
	cpu := resource.NewMilliQuantity(a.milliCPU, resource.DecimalSI)
	memory := resource.NewQuantity((a.memory+mebi-1)/mebi*mebi, resource.BinarySI)
	return fmt.Sprintf("cpu %s, memory %s, pods %d", cpu, memory, a.pods)
}

// offered is what a node has for pods.
func offered(node *corev1.Node) amount {
	offered := listed(node.Status.Allocatable)
	offered.pods = node.Status.Allocatable.Pods().Value()
	return offered
}

// requested is what the scheduler reserves for a pod.
func requested(pod *corev1.PodSpec) amount {
	pod = pod.DeepCopy()
	for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
		for i := range containers {
			fillIn(&containers[i].Resources)
		}
	}
	total := listed(helpers.PodRequests(&corev1.Pod{Spec: *pod}, helpers.PodResourcesOptions{}))
	total.pods = 1
	return total
}

// fillIn has what is limited only request as much, as the API server does.
func fillIn(resources *corev1.ResourceRequirements) {
	requests := maps.Clone(resources.Limits)
	if requests != nil {
		maps.Copy(requests, resources.Requests)
		resources.Requests = requests
	}
}

func listed(list corev1.ResourceList) amount {
	return amount{milliCPU: list.Cpu().MilliValue(), memory: list.Memory().Value()}
}
