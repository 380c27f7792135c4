package preflight

import (
	"fmt"
	"slices"

	"strings"

	corev1 "k8s.io/api/core/v1"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// room is a node and what is free on it.
type room struct {
	node *corev1.Node
	free amount
}

const makeRoom = "add a node (unless an autoscaler does), or lower the requests; 'kubectl describe nodes' shows allocated resources"

// shortages compares each workload's pods with what single nodes have free, and
// where these have enough, all pods with what the nodes have free in total. How
// pods are best spread is for the scheduler to find out.
func shortages(workloads []Workload, rooms []room) []Result {
	if results := perNode(workloads, rooms); len(results) > 0 {
		return results
	}
	return totalShortage(workloads, rooms)
}

// perNode compares each workload's pods with what single nodes have free.
func perNode(workloads []Workload, rooms []room) []Result {
	var results []Result
	var homeless []string
	for _, workload := range workloads {
		open := slices.DeleteFunc(slices.Clone(rooms), func(room room) bool { return !takes(room.node, &workload.Pod.Spec) })
		if len(open) == 0 {
			homeless = append(homeless, workload.What)
		} else {
			results = append(results, shortageOf(workload, open)...)
		}
	}
	if len(homeless) > 0 {
		results = append(results, Result{
			Verdict: Warn,
			Message: fmt.Sprintf("no ready node accepts the pods of %s (taints, nodeSelector, node affinity)", shortList(homeless)),
			Remedy:  "wait for such a node, or add one; 'kubectl describe nodes' shows labels and taints",
		})
	}
	return results
}

// shortageOf returns a result if none of the nodes has room for a pod of the
// workload, or not all of them where it wants a pod on each.
func shortageOf(workload Workload, open []room) []Result {
	each := requested(&workload.Pod.Spec)
	var most amount
	var full []string
	for _, room := range open {
		if !each.fits(room.free) {
			most = most.atLeast(room.free)
			full = append(full, "node "+room.node.Name)
		}
	}
	where := "no node has room"
	switch {
	case len(full) == 0 || len(full) < len(open) && !workload.EachNode:
		return nil
	case workload.EachNode:
		where = shortList(full) + " lacks room"
	}
	return []Result{{
		Verdict: Warn,
		Message: fmt.Sprintf("%s for a pod of %s: it requests %s, and a node has at most about %s free", where, workload.What, each, most),
		Remedy:  makeRoom,
	}}
}

// totalShortage returns a result if the nodes that take any of the pods have not
// enough for all of them.
func totalShortage(workloads []Workload, rooms []room) []Result {
	var wanted, free amount
	usable := make([]bool, len(rooms))
	for _, workload := range workloads {
		open := 0
		for i, room := range rooms {
			if takes(room.node, &workload.Pod.Spec) {
				usable[i] = true
				open++
			}
		}
		pods := workload.Replicas
		if workload.EachNode {
			pods = open
		}
		wanted = wanted.plus(requested(&workload.Pod.Spec).times(pods))
	}
	for i, room := range rooms {
		if usable[i] {
			free = free.plus(room.free.atLeast(amount{}))
		}
	}
	if wanted.fits(free) {
		return nil
	}
	return []Result{{
		Verdict: Warn,
		Message: fmt.Sprintf("the nodes have no room for all pods: %s requested in total, about %s free", wanted, free),
		Remedy:  makeRoom,
	}}
}

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
