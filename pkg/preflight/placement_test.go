package preflight

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestTakes(t *testing.T) {
	plain := node("a", "amd64", "1", "1Gi")
	gpu := node("b", "amd64", "1", "1Gi", tainted("gpu", corev1.TaintEffectNoSchedule))
	in := func(values ...string) corev1.NodeSelectorRequirement {
		return corev1.NodeSelectorRequirement{Key: "kubernetes.io/arch", Operator: corev1.NodeSelectorOpIn, Values: values}
	}
	operator := func(operator corev1.NodeSelectorOperator) corev1.NodeSelectorRequirement {
		return corev1.NodeSelectorRequirement{Key: "kubernetes.io/arch", Operator: operator}
	}
	onNode := func(name string) func(*corev1.PodSpec) {
		return func(pod *corev1.PodSpec) {
			requiring()(pod)
			terms := &pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
			*terms = []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{
				{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{name}},
			}}}
		}
	}
	for _, test := range []struct {
		name   string
		node   corev1.Node
		change func(*corev1.PodSpec)
		want   bool
	}{
		{"a plain pod", plain, nil, true},
		{"cordoned", node("a", "amd64", "1", "1Gi", cordoned), nil, false},
		{"the label it wants", plain, selecting("kubernetes.io/arch", "amd64"), true},
		{"another label", plain, selecting("kubernetes.io/arch", "arm64"), false},
		{"a taint", gpu, nil, false},
		{"a taint that is tolerated", gpu, tolerating("gpu"), true},
		{"every taint is tolerated", gpu, tolerating(""), true},
		{"a taint that will go", node("a", "amd64", "1", "1Gi", tainted("node.kubernetes.io/not-ready", corev1.TaintEffectNoSchedule)), nil, true},
		{"another taint is tolerated", gpu, tolerating("disk"), false},
		{"a taint that only asks", node("a", "amd64", "1", "1Gi", tainted("gpu", corev1.TaintEffectPreferNoSchedule)), nil, true},
		{"a taint that also evicts", node("a", "amd64", "1", "1Gi", tainted("gpu", corev1.TaintEffectNoExecute)), nil, false},
		{"required affinity", plain, requiring(in("amd64", "arm64")), true},
		{"one term of two", plain, requiring(in("arm64"), in("amd64")), true},
		{"no term", plain, requiring(in("arm64")), false},
		{"an empty list of terms", plain, requiring(), false},
		{"exists", plain, requiring(operator(corev1.NodeSelectorOpExists)), true},
		{"does not exist", plain, requiring(operator(corev1.NodeSelectorOpDoesNotExist)), false},
		{"its name", plain, onNode("a"), true},
		{"another's name", plain, onNode("b"), false},
		{"preferences alone", plain, func(pod *corev1.PodSpec) { pod.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}} }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var pod corev1.PodSpec
			if test.change != nil {
				test.change(&pod)
			}
			if got := takes(&test.node, &pod); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
