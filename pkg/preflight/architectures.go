package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// architectures compares the images with the nodes that pods may come to.
// Where there is no such node at all, it is for capacity to say so.
func architectures(_ context.Context, s *survey) ([]Result, error) {
	switch {
	case len(s.Workloads) == 0:
		return passed("the manifest has no pods"), nil
	case len(s.Architectures) == 0:
		return notChecked("image architectures unknown"), nil
	}
	nodes, err := s.nodes()
	if err != nil {
		return unseen("nodes", err)
	}
	builtFor := strings.Join(s.Architectures, " and ")
	var homeless, strange []string
	compared := false
	for _, workload := range s.Workloads {
		fits, others := compare(nodes, workload, s.Architectures)
		compared = compared || fits
		if !fits && len(others) > 0 {
			homeless = append(homeless, workload.What)
		}
		strange = append(strange, others...)
	}
	slices.Sort(strange)
	strange = slices.Compact(strange)
	switch {
	case len(homeless) > 0:
		return []Result{{
			Verdict: Fail,
			Message: fmt.Sprintf("images are built for %s, but no such node accepts %s, only %s", builtFor, shortList(homeless), shortList(strange)),
			Remedy:  "add a node of that architecture, or use images built for these nodes",
		}}, nil
	case len(strange) > 0:
		return []Result{{
			Verdict: Warn,
			Message: fmt.Sprintf("images are built for %s, but pods may be scheduled on other nodes: %s", builtFor, shortList(strange)),
			Remedy:  "give the workloads a nodeSelector for kubernetes.io/arch, or taint these nodes ('kubectl taint node NAME kubernetes.io/arch=other:NoSchedule')",
		}}, nil
	case !compared:
		return passed("no nodes to compare the images with"), nil
	}
	return passed("images and nodes match: " + builtFor), nil
}

// compare reports whether a workload's pods can come to a node that its images
// are built for, and names the others that they can come to.
func compare(nodes []corev1.Node, workload Workload, builtFor []string) (fits bool, others []string) {
	for i := range nodes {
		node := &nodes[i]
		if !takes(node, &workload.Pod.Spec) {
			continue
		}
		architecture := architectureOf(node)
		if architecture == "" || slices.Contains(builtFor, architecture) {
			fits = true
		} else {
			others = append(others, fmt.Sprintf("node %s (%s)", node.Name, architecture))
		}
	}
	return fits, others
}

// architectureOf is empty where the node does not say.
func architectureOf(node *corev1.Node) string {
	if label := node.Labels[corev1.LabelArchStable]; label != "" {
		return label
	}
	return node.Status.NodeInfo.Architecture
}
