package preflight

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
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

// atLeast gives the larger of each.
func (a amount) atLeast(b amount) amount {
	return amount{max(a.milliCPU, b.milliCPU), max(a.memory, b.memory), max(a.pods, b.pods)}
}

// missing gives what a asks for and b does not have. What is not asked for is
// never missing, also on a node that is overcommitted.
func (a amount) missing(b amount) amount {
	lacking := func(want, have int64) int64 {
		if want == 0 {
			return 0
		}
		return max(0, want-max(0, have))
	}
	return amount{lacking(a.milliCPU, b.milliCPU), lacking(a.memory, b.memory), lacking(a.pods, b.pods)}
}

// String gives "cpu 500m and memory 2Gi"; a place is named only where nothing
// else is.
func (a amount) String() string {
	var parts []string
	if a.milliCPU > 0 {
		parts = append(parts, "cpu "+resource.NewMilliQuantity(a.milliCPU, resource.DecimalSI).String())
	}
	if a.memory > 0 {
		const mebi = 1 << 20
		rounded := (a.memory + mebi - 1) / mebi * mebi
		parts = append(parts, "memory "+resource.NewQuantity(rounded, resource.BinarySI).String())
	}
	if len(parts) == 0 {
		return "a place for a pod"
	}
	return strings.Join(parts, " and ")
}

// offered is what a node has for pods.
func offered(node *corev1.Node) amount {
	offered := listed(node.Status.Allocatable)
	offered.pods = node.Status.Allocatable.Pods().Value()
	return offered
}

// requested is what the scheduler reserves for a pod: what its containers
// need while they run, or while it starts, whichever is more. Init containers
// start one after the other, and those that are restarted always (sidecars)
// stay (KEP-753).
func requested(pod *corev1.PodSpec) amount {
	var running, sidecars, starting amount
	for i := range pod.Containers {
		running = running.plus(reserved(pod.Containers[i].Resources))
	}
	for i := range pod.InitContainers {
		container := &pod.InitContainers[i]
		own := reserved(container.Resources)
		starting = starting.atLeast(sidecars.plus(own))
		if container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			running, sidecars = running.plus(own), sidecars.plus(own)
		}
	}
	total := running.atLeast(starting)
	if pod.Resources != nil { // the pod's own win over the sum
		own := reserved(*pod.Resources)
		if own.milliCPU > 0 {
			total.milliCPU = own.milliCPU
		}
		if own.memory > 0 {
			total.memory = own.memory
		}
	}
	total = total.plus(listed(pod.Overhead))
	total.pods = 1
	return total
}

// reserved are the requests; what has a limit only requests that much, as the
// API server fills it in.
func reserved(resources corev1.ResourceRequirements) amount {
	requests, limits := listed(resources.Requests), listed(resources.Limits)
	if _, ok := resources.Requests[corev1.ResourceCPU]; !ok {
		requests.milliCPU = limits.milliCPU
	}
	if _, ok := resources.Requests[corev1.ResourceMemory]; !ok {
		requests.memory = limits.memory
	}
	return requests
}

func listed(list corev1.ResourceList) amount {
	return amount{milliCPU: list.Cpu().MilliValue(), memory: list.Memory().Value()}
}
