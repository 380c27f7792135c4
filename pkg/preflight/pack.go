package preflight

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// room is a node and what is free on it.
type room struct {
	node *corev1.Node
	free amount
}

// seat takes the room that a pod needs, if there is enough.
func (r *room) seat(each amount) bool {
	if each.missing(r.free) != (amount{}) {
		return false
	}
	r.free = r.free.minus(each)
	return true
}

// shortage is a workload that has no room for some of its pods.
type shortage struct {
	workload Workload
	// each is what one of its pods needs.
	each amount
	pods int
	// closest is where the least is missing; its node is nil where no node
	// takes such pods, whatever is free.
	closest room
}

// pack puts the pods on the first node that has room, the largest pods first.
// Those that go to every node come before all others, which have a choice. It
// changes the rooms.
func pack(workloads []Workload, rooms []room) []shortage {
	ordered := slices.SortedStableFunc(slices.Values(workloads), func(a, b Workload) int {
		if a.EachNode != b.EachNode {
			if a.EachNode {
				return -1
			}
			return 1
		}
		one, other := requested(&a.Pod.Spec), requested(&b.Pod.Spec)
		return cmp.Or(cmp.Compare(other.milliCPU, one.milliCPU), cmp.Compare(other.memory, one.memory))
	})
	var shortages []shortage
	for _, workload := range ordered {
		if short := seatAll(workload, rooms); short.pods > 0 {
			shortages = append(shortages, short)
		}
	}
	return shortages
}

// seatAll seats the pods of one workload.
func seatAll(workload Workload, rooms []room) shortage {
	short := shortage{workload: workload, each: requested(&workload.Pod.Spec)}
	var open []*room
	for i := range rooms {
		if takes(rooms[i].node, &workload.Pod.Spec) {
			open = append(open, &rooms[i])
		}
	}
	if workload.EachNode {
		full := slices.DeleteFunc(open, func(room *room) bool { return room.seat(short.each) })
		short.pods, short.closest = len(full), closest(full, short.each)
		return short
	}
	for seated := range workload.Replicas {
		if !slices.ContainsFunc(open, func(room *room) bool { return room.seat(short.each) }) {
			short.pods, short.closest = workload.Replicas-seated, closest(open, short.each)
			break
		}
	}
	return short
}

// closest gives the room that lacks the smallest part of what is needed.
func closest(rooms []*room, each amount) room {
	if len(rooms) == 0 {
		return room{}
	}
	part := func(missing, of int64) float64 { return float64(missing) / float64(max(1, of)) }
	lack := func(room *room) float64 {
		missing := each.missing(room.free)
		return part(missing.milliCPU, each.milliCPU) + part(missing.memory, each.memory) + part(missing.pods, each.pods)
	}
	return *slices.MinFunc(rooms, func(a, b *room) int { return cmp.Compare(lack(a), lack(b)) })
}

// tell gives a result for each shortage, and one for all that no node takes.
func tell(shortages []shortage) []Result {
	var results []Result
	var homeless []string
	for _, short := range shortages {
		if short.closest.node == nil {
			homeless = append(homeless, short.workload.What)
			continue
		}
		results = append(results, Result{
			Verdict: Warn,
			Message: fmt.Sprintf("there is no room for %s of %s (%s); node %s comes closest and lacks %s",
				short.which(), short.workload.What, short.each, short.closest.node.Name, short.each.missing(short.closest.free)),
			Remedy: "add a node, unless an autoscaler does, or request less; 'kubectl describe nodes' shows what is taken",
		})
	}
	if len(homeless) > 0 {
		results = append(results, Result{
			Verdict: Warn,
			Message: fmt.Sprintf("no ready node takes the pods of %s, as far as taints, nodeSelector and node affinity go", shortList(homeless)),
			Remedy:  "wait for such a node, or add one; 'kubectl describe nodes' shows labels and taints",
		})
	}
	return results
}

// which says how many pods have no room.
func (s shortage) which() string {
	switch {
	case s.workload.EachNode:
		return fmt.Sprintf("%d of the pods", s.pods)
	case s.workload.Replicas > 1:
		return fmt.Sprintf("%d of %d pods", s.pods, s.workload.Replicas)
	}
	return "the pod"
}
