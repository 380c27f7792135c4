package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

const (
	// missingGrace is for what somebody else may still create.
	missingGrace = time.Minute
	// placeGrace is for the scheduler, for which nodes may come and go.
	placeGrace = time.Minute
)

// pod returns the symptoms of a pod: of its containers, or else of the first
// thing that it waits for.
func (e *Evidence) pod(pod *corev1.Pod) []symptom {
	if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || isTrue(pod, corev1.PodReady) {
		return nil
	}
	var found []symptom
	if pod.Status.Reason == "" { // or all of it is over, and why is told there
		found = e.containers(pod)
	}
	for _, look := range []func(*corev1.Pod) (symptom, bool){e.ended, e.placement, e.volume, e.probe, e.notReady} {
		if len(found) > 0 {
			break
		}
		if symptom, ok := look(pod); ok {
			found = append(found, symptom)
		}
	}
	for i := range found {
		found[i].Pod, found[i].uid = pod.Name, pod.UID
		found[i].Event = e.lastWarning(pod, found[i])
		if found[i].Next == "" {
			found[i].Next = e.kubectl("describe pod {}", pod.Name)
		}
	}
	return found
}

// ended finds a pod that is over, because its node gave it up.
func (e *Evidence) ended(pod *corev1.Pod) (symptom, bool) {
	if pod.Status.Phase != corev1.PodFailed {
		return symptom{}, false
	}
	return symptom{kind: endedKind, Finding: Finding{
		Reason:  cmp.Or(pod.Status.Reason, "Failed"),
		Message: pod.Status.Message,
	}}, true
}

// placement finds a pod that no node takes.
func (e *Evidence) placement(pod *corev1.Pod) (symptom, bool) {
	condition := conditionOf(pod, corev1.PodScheduled)
	if condition == nil || condition.Status != corev1.ConditionFalse {
		return symptom{}, false
	}
	if found, ok := e.claimOf(pod, condition.Message); ok {
		return found, true
	}
	found := symptom{kind: placeKind, Finding: Finding{Reason: condition.Reason, Message: scheduler(condition.Message)}}
	found.same = found.Message
	if condition.Reason == corev1.PodReasonUnschedulable {
		found.Grace = placeGrace
		found.Next = e.nextPlace(condition.Message)
	}
	switch {
	case e.scaling():
		found.Grace = 0
		found.Next = "wait for the new node: kubectl get nodes"
	case containsAny(condition.Message, "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "uninitialized"):
		// A node that starts, or comes back, heals this.
		found.Grace = 0
		found.Next = "check why the nodes are not ready: kubectl describe nodes"
	}
	return found, true
}

// scheduler leaves out of the scheduler's words what it says of preemption.
func scheduler(message string) string {
	for _, end := range []string{" preemption: ", " no new claims to deallocate"} {
		message, _, _ = strings.Cut(message, end)
	}
	// What is left of it where it could not be tried.
	return strings.TrimSuffix(message, ". not found")
}

func (e *Evidence) nextPlace(message string) string {
	switch {
	case containsAny(message, "insufficient", "too many pods"):
		return "add nodes or lower the requests of the containers: kubectl describe nodes"
	case containsAny(message, "untolerated taint"):
		return "remove the taint or add a toleration: kubectl describe nodes"
	case containsAny(message, "node affinity", "node selector", "node(s) didn't match"):
		return "label a node to match the pod: kubectl get nodes --show-labels"
	case containsAny(message, `persistentvolumeclaim "`) && containsAny(message, `" not found`):
		return "create the PersistentVolumeClaim: " + e.kubectl("get persistentvolumeclaims")
	case containsAny(message, "no nodes available"):
		return "add a node: kubectl get nodes"
	}
	return ""
}

// volume finds a pod whose volumes or network do not come. Only events tell,
// so it must be sure that they still hold: the pod says so itself, since
// Kubernetes 1.29, in a condition.
func (e *Evidence) volume(pod *corev1.Pod) (symptom, bool) {
	if pod.Spec.NodeName == "" || isTrue(pod, corev1.PodReadyToStartContainers) {
		return symptom{}, false
	}
	var found symptom
	ok := false
	for _, event := range e.warnings("Pod", pod.Name, pod.UID) {
		switch event.Reason {
		case "FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox":
		default:
			continue
		}
		message := mount.ReplaceAllString(combined(event.Message), `volume "$1": `)
		next, grace := e.absent(message)
		if found.Next != "" && next == "" {
			continue // only says that it took too long
		}
		found, ok = symptom{kind: volumeKind, same: message, Finding: Finding{Reason: event.Reason, Message: message, Next: next, Cause: writer(message), Grace: grace}}, true
		if event.Reason == "FailedCreatePodSandBox" {
			found.same = ""
			found.Next = fmt.Sprintf("check that the network plugin (CNI) is running on node %s: %s", pod.Spec.NodeName,
				shell.Line("kubectl get pods -A --field-selector spec.nodeName={}", pod.Spec.NodeName))
		}
	}
	if conditionOf(pod, corev1.PodReadyToStartContainers) == nil {
		found.Grace = 0
	}
	return found, ok
}

// probe finds a container that runs but does not answer its probes.
func (e *Evidence) probe(pod *corev1.Pod) (symptom, bool) {
	events := e.warnings("Pod", pod.Name, pod.UID)
	for i := len(events) - 1; i >= 0; i-- {
		container := containerOf(&events[i])
		if events[i].Reason != "Unhealthy" || container == "" || !runsUnready(pod, container) {
			continue
		}
		return e.byLog(pod, symptom{kind: probeKind, log: container, Finding: Finding{
			Container: container,
			Reason:    events[i].Reason,
			Message:   events[i].Message,
			Next:      e.kubectl("logs {} -c {}", pod.Name, container),
		}}), true
	}
	return symptom{}, false
}

func runsUnready(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(statuses(pod), func(status corev1.ContainerStatus) bool {
		return status.Name == container && isUnready(&status)
	})
}

// unready returns the first container that runs and is not ready, or nothing.
func unready(pod *corev1.Pod) string {
	for _, status := range pod.Status.ContainerStatuses {
		if isUnready(&status) {
			return status.Name
		}
	}
	return ""
}

func isUnready(status *corev1.ContainerStatus) bool {
	return status.State.Running != nil && !status.Ready
}

// notReady is the last resort: the pod says what it is not.
func (e *Evidence) notReady(pod *corev1.Pod) (symptom, bool) {
	for _, name := range []corev1.PodConditionType{corev1.PodInitialized, corev1.PodReady} {
		condition := conditionOf(pod, name)
		if condition != nil && condition.Status == corev1.ConditionFalse && condition.Message != "" {
			return e.byLog(pod, symptom{kind: otherKind, same: condition.Message, log: unready(pod), Finding: Finding{
				Reason:  cmp.Or(condition.Reason, "NotReady"),
				Message: condition.Message,
			}}), true
		}
	}
	return symptom{}, false
}

func conditionOf(pod *corev1.Pod, name corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == name {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func isTrue(pod *corev1.Pod, name corev1.PodConditionType) bool {
	condition := conditionOf(pod, name)
	return condition != nil && condition.Status == corev1.ConditionTrue
}

// statuses returns those of the init containers first, as they run first.
func statuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
}
