// Package diagnose finds out, from pods and conditions, why a workload does
// not become ready.
package diagnose

import (
	"fmt"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// starting are the reasons of containers that are on their way.
var starting = map[string]bool{"ContainerCreating": true, "PodInitializing": true}

// Explain says in one line what holds a workload back; it is empty where
// nothing is found. Pods are those of the workload.
func Explain(workload *unstructured.Unstructured, pods []corev1.Pod) string {
	for _, find := range []func(*corev1.Pod) string{waiting, unscheduled, notReady} {
		for i := range pods {
			if found := find(&pods[i]); found != "" {
				return flat(fmt.Sprintf("pod %s: %s", pods[i].Name, found))
			}
		}
	}
	return flat(replicaFailure(workload))
}

// waiting finds a container that cannot start, or starts and dies.
func waiting(pod *corev1.Pod) string {
	statuses := append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
	for _, status := range statuses {
		state := status.State.Waiting
		if state == nil || starting[state.Reason] {
			continue
		}
		found := fmt.Sprintf("container %s: %s", status.Name, state.Reason)
		if last := status.LastTerminationState.Terminated; last != nil {
			return fmt.Sprintf("%s (exit code %d)", found, last.ExitCode)
		}
		return strings.TrimSuffix(found+": "+state.Message, ": ")
	}
	return ""
}

// unscheduled gives the scheduler's words.
func unscheduled(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return fmt.Sprintf("%s: %s", condition.Reason, condition.Message)
		}
	}
	return ""
}

// notReady finds a pod that runs but does not pass its probes.
func notReady(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionFalse && condition.Message != "" {
			return condition.Message
		}
	}
	return ""
}

// replicaFailure tells why the controller cannot create pods: a quota, or an
// admission webhook.
func replicaFailure(workload *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(workload.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		if fields["type"] == "ReplicaFailure" && fields["status"] == "True" {
			reason, _ := fields["reason"].(string)
			message, _ := fields["message"].(string)
			return strings.TrimSuffix(reason+": "+message, ": ")
		}
	}
	return ""
}

// flat makes one line of other people's text, without control characters.
func flat(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}
