package preflight

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestArchitectures(t *testing.T) {
	built := []string{"amd64", "arm64"}
	one := []Workload{workload("a", 1, "", "")}
	unlabelled := node("z", "", "1", "1Gi", func(node *corev1.Node) { node.Status.NodeInfo.Architecture = "s390x" })
	for _, test := range []struct {
		name      string
		built     []string
		workloads []Workload
		nodes     any
		want      string
	}{
		{"no pods", built, nil, nodes(), "pass: the manifest has no pods"},
		{"unknown images", nil, one, nodes(), "unknown: not checked: image architectures unknown"},
		{"nodes that may not be seen", built, one, 403, "unknown: not checked: no permission to list nodes"},
		{"nodes that do not come in time", built, one, 504, "unknown: not checked: the API server did not list nodes in time"},
		{"no nodes are served", built, one, 404, "unknown: not checked: the cluster does not serve nodes"},
		{"no nodes", built, one, nodes(), "pass: no nodes to compare the images with"},
		{"all fit", built, one, nodes(node("x", "amd64", "1", "1Gi"), node("y", "arm64", "1", "1Gi")),
			"pass: images and nodes match: amd64 and arm64"},
		{"one does not", built, one, nodes(node("x", "amd64", "1", "1Gi"), unlabelled),
			"warn: images are built for amd64 and arm64, but pods may be scheduled on other nodes: node z (s390x)"},
		{"one does not, but takes nothing", built, one, nodes(node("x", "amd64", "1", "1Gi"), node("y", "s390x", "1", "1Gi", cordoned)),
			"pass: images and nodes match: amd64 and arm64"},
		{"one does not, but is not selected", built, []Workload{workload("a", 1, "", "", selecting("kubernetes.io/arch", "amd64"))},
			nodes(node("x", "amd64", "1", "1Gi"), unlabelled), "pass: images and nodes match: amd64 and arm64"},
		{"none does", built, one, nodes(node("x", "ppc64le", "1", "1Gi"), unlabelled),
			"fail: images are built for amd64 and arm64, but no such node accepts deployment mesh/a, only node x (ppc64le), node z (s390x)"},
		{"none does for one workload", built, []Workload{workload("a", 1, "", ""), workload("b", 1, "", "", selecting("kubernetes.io/arch", "s390x"))},
			nodes(node("x", "amd64", "1", "1Gi"), node("y", "s390x", "1", "1Gi")),
			"fail: images are built for amd64 and arm64, but no such node accepts deployment mesh/b, only node y (s390x)"},
		{"many do not", built, one, nodes(node("v", "s390x", "1", "1Gi"), node("w", "s390x", "1", "1Gi"), node("x", "amd64", "1", "1Gi"), node("y", "s390x", "1", "1Gi"), unlabelled),
			"warn: images are built for amd64 and arm64, but pods may be scheduled on other nodes: node v (s390x), node w (s390x), node y (s390x) and 1 more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			subject := (&apiServer{answers: map[string]any{"/api/v1/nodes": test.nodes}}).subject(t)
			subject.Architectures, subject.Workloads = test.built, test.workloads
			if got := verdicts(only(t, "architectures", subject)); !slices.Equal(got, []string{test.want}) {
				t.Errorf("the results are %q", got)
			}
		})
	}
}
