package diagnose

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// FuzzExplain puts anything into what a cluster says: the status of a pod, the
// message of an event and of a condition, and a log. What comes out must be
// harmless for a terminal, and short.
func FuzzExplain(f *testing.F) {
	for _, status := range []string{
		`{}`,
		`{"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"ContainerCreating"}}}]}`,
		`{"containerStatuses":[{"name":"web","image":"web:1","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image \"web:1\": ErrImagePull: rpc error: code = NotFound desc = web:1: not found"}}}]}`,
		`{"containerStatuses":[{"name":"web","restartCount":7,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled","message":"\u001b[2J\u009b31m"}}}]}`,
		`{"initContainerStatuses":[{"name":"web","state":{"waiting":{"reason":"CreateContainerConfigError","message":"couldn't find key a in Secret mesh/b"}}}]}`,
		`{"containerStatuses":[{"name":"web","state":{"terminated":{"exitCode":1}}}]}`,
		`{"containerStatuses":[{"name":"web","state":{"running":{}}}],"conditions":[{"type":"Ready","status":"False","message":"no"}]}`,
		`{"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"pod has unbound immediate PersistentVolumeClaims. preemption: no"}]}`,
		`{"conditions":[{"type":"PodReadyToStartContainers","status":"False"}]}`,
		`{"phase":"Failed","reason":"Evicted","message":"low"}`,
	} {
		for _, reason := range []string{"FailedMount", "Failed", "Unhealthy", "ProvisioningFailed"} {
			f.Add([]byte(status), reason, `MountVolume.SetUp failed for volume "a" : secret "b" not found`, `failed calling webhook "a": failed to call webhook: Post "https://a.b.svc:443/": EOF`, "exec format error\n\x1b[31m")
		}
	}
	f.Fuzz(func(t *testing.T, status []byte, reason, event, refusal, log string) {
		pod := corev1.Pod{Spec: corev1.PodSpec{NodeName: "node"}}
		if json.Unmarshal(status, &pod.Status) != nil {
			return
		}
		pod.Name = "a"
		evidence := Evidence{
			Workload: &unstructured.Unstructured{Object: map[string]any{
				"kind":     "Deployment",
				"metadata": map[string]any{"name": "web", "namespace": "mesh"},
				"status": map[string]any{"conditions": []any{
					map[string]any{"type": "ReplicaFailure", "status": "True", "message": refusal},
				}},
			}},
			Pods:   []corev1.Pod{pod},
			Claims: []corev1.PersistentVolumeClaim{{Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}}},
			Logs:   map[LogKey]string{},
		}
		for _, status := range statuses(&pod) {
			evidence.Logs[LogKey{"a", status.Name}] = log
			evidence.Events = append(evidence.Events, corev1.Event{
				Type: corev1.EventTypeWarning, Reason: reason, Message: event, Count: 3,
				InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "a", FieldPath: "spec.containers{" + status.Name + "}"},
			})
		}
		found := Explain(evidence)
		if len(found) == 0 || len(found) > maxFindings {
			t.Errorf("found %d", len(found))
		}
		for _, finding := range found {
			for _, text := range append([]string{finding.Pod, finding.Container, finding.Reason, finding.Message, finding.Event, finding.Next, finding.String()}, finding.Logs...) {
				harmless(t, text)
			}
			if len(finding.Logs) > maxLines {
				t.Errorf("%d lines of a log", len(finding.Logs))
			}
		}
	})
}

// harmless looks for what a terminal acts on, and for what fills it.
func harmless(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
		t.Errorf("control characters in %q", text)
	}
	if most := 3*maxName + maxMessage + 100; !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		t.Errorf("no UTF-8, or %d characters: %q", utf8.RuneCountInString(text), text)
	}
}
