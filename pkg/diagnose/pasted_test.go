package diagnose

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestPasted has names that a shell would run in the next steps.
func TestPasted(t *testing.T) {
	for _, name := range pasted.Names {
		evidence := &Evidence{Workload: &unstructured.Unstructured{Object: map[string]any{
			"kind":     name,
			"metadata": map[string]any{"name": name, "namespace": name},
		}}}
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: name},
			Spec:       corev1.PodSpec{NodeName: name},
		}
		status := &corev1.ContainerStatus{Name: name, RestartCount: 1, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}}
		evidence.Events = []corev1.Event{{
			Type: corev1.EventTypeWarning, Reason: "FailedCreatePodSandBox", InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: name},
		}}
		next := map[string]string{
			"otherImage": otherImage(pod),
			"crash":      evidence.crash(pod, status, &corev1.ContainerStateTerminated{ExitCode: 1}).Next,
			"killed":     evidence.crash(pod, status, &corev1.ContainerStateTerminated{ExitCode: 137}).Next,
			"claim":      evidence.claim(&corev1.PersistentVolumeClaim{ObjectMeta: pod.ObjectMeta, Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: &name}}).Next,
			"refused":    evidence.refused(`violates PodSecurity "restricted:latest": x`).Next,
			"place":      evidence.nextPlace(`persistentvolumeclaim "` + name + `" not found`),
		}
		network, _ := evidence.volume(pod)
		next["network"] = network.Next
		status.Image = "auto"
		next["image"] = evidence.image(pod, status).Next
		for form, text := range map[string]string{
			"quota":       `exceeded quota: %s, requested: x`,
			"failedquota": `failed quota: %s: must specify x`,
			"account":     `error looking up service account a/b: serviceaccount "%s" not found`,
			"limits":      `maximum cpu usage per Container is %s`,
			"webhook":     `failed calling webhook "a": failed to call webhook: Post "https://istiod.%s.svc:443/": x: connection refused`,
			"endpoints":   `failed calling webhook "a": failed to call webhook: Post "https://a.%s.svc:443/": no endpoints available`,
			"elsewhere":   `failed calling webhook "a": failed to call webhook: Post "https://a.%s.svc:443/": EOF`,
		} {
			next[form] = evidence.refused(strings.ReplaceAll(text, "%s", name)).Next
		}
		for form, text := range map[string]string{
			"secret": fmt.Sprintf(`secret "%s" not found`, name),
			"key":    fmt.Sprintf(`couldn't find key a in Secret b/%s`, strings.ReplaceAll(name, " ", "")),
			"kind":   fmt.Sprintf(`couldn't find key a in %s b/c`, strings.ReplaceAll(name, " ", "")),
		} {
			next[form], _ = evidence.absent(text)
		}
		commands := 0
		for _, text := range next { // not every text is one of the cluster's with every name
			if len(pasted.In(text)) > 0 {
				commands++
				pasted.Check(t, name, text)
			}
		}
		if commands < 10 {
			t.Errorf("there are only %d commands for %q", commands, name)
		}
	}
}
