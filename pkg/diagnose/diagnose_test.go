package diagnose

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// podOf gives a pod of a name and a status in YAML.
func podOf(t *testing.T, name, status string) corev1.Pod {
	t.Helper()
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(status), &pod.Status); err != nil {
		t.Fatal(err)
	}
	pod.Name = name
	return pod
}

// workloadOf gives a workload with conditions in YAML.
func workloadOf(t *testing.T, conditions string) *unstructured.Unstructured {
	t.Helper()
	var list []any
	if err := yaml.Unmarshal([]byte(conditions), &list); err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"conditions": list}}}
}

const (
	pull    = "containerStatuses: [{name: web, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image \"web:1\"'}}}]"
	crash   = "containerStatuses: [{name: web, state: {waiting: {reason: CrashLoopBackOff, message: back-off 5m0s}}, lastState: {terminated: {exitCode: 137}}}]"
	waits   = "containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]"
	noNode  = "conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/3 nodes are available: 3 Insufficient cpu.'}]"
	notYet  = "conditions: [{type: PodScheduled, status: 'True'}, {type: Ready, status: 'False', message: 'containers with unready status: [web]'}]"
	healthy = "containerStatuses: [{name: web, state: {running: {}}}]\nconditions: [{type: PodScheduled, status: 'True'}, {type: Ready, status: 'True'}]"
)

func TestExplain(t *testing.T) {
	for _, test := range []struct {
		name       string
		conditions string
		pods       []string
		want       string
	}{
		{"nothing", "", nil, ""},
		{"healthy", "", []string{healthy}, ""},
		{"image", "", []string{pull}, `pod a: container web: ImagePullBackOff: Back-off pulling image "web:1"`},
		{"image without a message", "", []string{"containerStatuses: [{name: web, state: {waiting: {reason: ErrImagePull}}}]"}, "pod a: container web: ErrImagePull"},
		{"crash", "", []string{crash}, "pod a: container web: CrashLoopBackOff (exit code 137)"},
		{"on its way", "", []string{waits}, ""},
		{"init container first", "", []string{crash + "\ninitContainerStatuses: [{name: setup, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}]"}, "pod a: container setup: CrashLoopBackOff (exit code 1)"},
		{"second container", "", []string{"containerStatuses: [{name: web, state: {running: {}}}, {name: proxy, state: {waiting: {reason: InvalidImageName}}}]"}, "pod a: container proxy: InvalidImageName"},
		{"unschedulable", "", []string{noNode}, "pod a: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."},
		{"not ready", "", []string{notYet}, "pod a: containers with unready status: [web]"},
		{"ready with a message", "", []string{"conditions: [{type: Ready, status: 'True', message: all is well}]"}, ""},
		{"not ready without a message", "", []string{"conditions: [{type: Ready, status: 'False'}]"}, ""},
		{"second pod", "", []string{healthy, crash}, "pod b: container web: CrashLoopBackOff (exit code 137)"},
		// What a container says is closer to the cause than where it stands.
		{"worst of the pods", "", []string{notYet, noNode, pull}, `pod c: container web: ImagePullBackOff: Back-off pulling image "web:1"`},
		{"unscheduled before not ready", "", []string{notYet, noNode}, "pod b: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."},
		{"quota", "[{type: Available, status: 'False'}, {type: ReplicaFailure, status: 'True', reason: FailedCreate, message: 'exceeded quota: small'}]", nil, "FailedCreate: exceeded quota: small"},
		{"quota that is over", "[{type: ReplicaFailure, status: 'False', reason: FailedCreate, message: none}]", nil, ""},
		{"quota without a message", "[{type: ReplicaFailure, status: 'True', reason: FailedCreate}]", nil, "FailedCreate"},
		{"pods before the workload", "[{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: exceeded quota}]", []string{noNode}, "pod a: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."},
	} {
		t.Run(test.name, func(t *testing.T) {
			var pods []corev1.Pod
			for i, status := range test.pods {
				pods = append(pods, podOf(t, string(rune('a'+i)), status))
			}
			if got := Explain(workloadOf(t, test.conditions), pods); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestExplainIsHarmless puts what a terminal acts on into every text that
// comes from the cluster: an escape, and the same in one character (U+009B).
func TestExplainIsHarmless(t *testing.T) {
	const evil = "one\n\ttwo\x1b[2Jthree\u009b2Jfour\x7f"
	condition := map[string]any{"type": "ReplicaFailure", "status": "True", "reason": evil, "message": evil}
	workload := &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"conditions": []any{condition}}}}
	containerWaits := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: evil, Message: evil}}
	for name, status := range map[string]corev1.PodStatus{
		"container": {ContainerStatuses: []corev1.ContainerStatus{{State: containerWaits}}},
		"crash":     {ContainerStatuses: []corev1.ContainerStatus{{State: containerWaits, LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}},
		"scheduler": {Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: evil, Message: evil}}},
		"readiness": {Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, Message: evil}}},
		"workload":  {},
	} {
		t.Run(name, func(t *testing.T) {
			got := Explain(workload, []corev1.Pod{{Status: status}})
			if strings.ContainsAny(got, "\n\t\x1b\u009b\x7f") {
				t.Errorf("got %q", got)
			}
			if !strings.Contains(got, "one two") || !strings.Contains(got, "four") {
				t.Errorf("words are lost: %q", got)
			}
		})
	}
}
