package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/pager"
)

// mostPods bounds how many pods are read: 20 pages. Where there are more,
// there is an autoscaler, or room.
const mostPods = 10_000

var errTooMany = errors.New("too many pods")

// capacity compares what the pods of new workloads request with what is free on
// the nodes. The scheduler may see more, and nodes may be added while pods wait,
// so that it only warns.
func capacity(_ context.Context, s *survey) ([]Result, error) {
	if s.Fresh && len(s.Workloads) > 0 {
		_, _ = s.used() // kept, with the error
	}
	added := slices.DeleteFunc(slices.Clone(s.added().Workloads), func(workload Workload) bool {
		return workload.Replicas == 0 && !workload.EachNode
	})
	if len(added) == 0 {
		return passed("the manifest adds no pods"), nil
	}
	nodes, err := s.nodes()
	if err != nil {
		return unseen("nodes", err)
	}
	rooms, err := rooms(s, nodes)
	if errors.Is(err, errTooMany) {
		return notChecked(fmt.Sprintf("more than %d pods", mostPods)), nil
	}
	if err != nil {
		return unseen("pods", err)
	}
	if results := shortages(added, rooms); len(results) > 0 {
		return results, nil
	}
	return passed("the nodes have room for the pods"), nil
}

// Surge returns a warning for each workload of which no node has room for another
// pod: that is what a rolling update begins with, and what it waits for. What the
// user may not see is left out.
func Surge(ctx context.Context, subject Subject, workloads []Workload) ([]Result, error) {
	s := newSurvey(ctx, ctx, subject)
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = s.used() }) // kept, with the error
	nodes, err := s.nodes()
	reading.Wait()
	if err != nil {
		_, err = unseen("nodes", err)
		return nil, err
	}
	free, err := rooms(s, nodes)
	if errors.Is(err, errTooMany) {
		return nil, nil
	}
	if err != nil {
		_, err = unseen("pods", err)
		return nil, err
	}
	var results []Result
	for _, workload := range workloads {
		results = append(results, perNode([]Workload{workload}, free)...)
	}
	for i := range results {
		results[i].Name = "capacity"
	}
	return results, nil
}

// rooms returns the ready nodes and what is free on them. What pods without a
// node will take cannot be said and is left out.
func rooms(s *survey, nodes []corev1.Node) ([]room, error) {
	used, err := s.used()
	if err != nil {
		return nil, err
	}
	var rooms []room
	for i := range nodes {
		if node := &nodes[i]; isReady(node) {
			rooms = append(rooms, room{node, offered(node).minus(used[node.Name])})
		}
	}
	return rooms, nil
}

// readUsed reads what the pods of the cluster request, by node.
func readUsed(ctx context.Context, subject Subject) (map[string]amount, error) {
	used := map[string]amount{}
	pods := 0
	list := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return subject.Core.Pods(metav1.NamespaceAll).List(ctx, options)
	}
	// Pods that have ended hold nothing.
	running := metav1.ListOptions{FieldSelector: "status.phase!=Succeeded,status.phase!=Failed"}
	err := pager.New(list).EachListItem(ctx, running, func(object runtime.Object) error {
		pod := object.(*corev1.Pod)
		used[pod.Spec.NodeName] = used[pod.Spec.NodeName].plus(requested(&pod.Spec))
		if pods++; pods > mostPods {
			return errTooMany
		}
		return nil
	})
	return used, err
}

func isReady(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
		return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	})
}
