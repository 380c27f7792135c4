package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

var (
	// part is how an event names a container: spec.containers{web}.
	part = regexp.MustCompile(`^spec\.(?:initContainers|containers|ephemeralContainers)\{(.+)\}$`)
	// aggregate begins the message of an event that stands for many.
	aggregate = regexp.MustCompile(`^\(combined from similar events\): `)
)

// told are the events that say no more than the state of each kind does, or
// that are over when a pod has come that far.
var told = map[kind][]string{
	imageKind:  {"BackOff", "Failed", "InspectFailed", "ErrImageNeverPull", "FailedScheduling", "FailedMount"},
	configKind: {"BackOff", "Failed", "FailedScheduling", "FailedMount"},
	crashKind:  {"BackOff", "FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"},
	volumeKind: {"FailedScheduling"},
	placeKind:  {"FailedScheduling"},
	probeKind:  {"Unhealthy", "FailedScheduling", "FailedMount"},
	otherKind:  {"FailedScheduling"},
}

// warnings returns the warnings about an object, the last one last.
func (e *Evidence) warnings(kind, name string, uid types.UID) []corev1.Event {
	var found []corev1.Event
	for i := range e.Events {
		about := &e.Events[i].InvolvedObject
		// The same name may have belonged to another before.
		same := about.UID == "" || uid == "" || about.UID == uid
		if e.Events[i].Type == corev1.EventTypeWarning && about.Kind == kind && about.Name == name && same {
			found = append(found, e.Events[i])
		}
	}
	sortByTime(found)
	return found
}

func sortByTime(events []corev1.Event) {
	slices.SortStableFunc(events, func(a, b corev1.Event) int { return happened(&a).Compare(happened(&b)) })
}

// happened returns the last time that an event happened; recorders of different
// ages fill different fields.
func happened(event *corev1.Event) time.Time {
	last := event.CreationTimestamp.Time
	times := []time.Time{event.FirstTimestamp.Time, event.LastTimestamp.Time, event.EventTime.Time}
	if event.Series != nil {
		times = append(times, event.Series.LastObservedTime.Time)
	}
	for _, time := range times {
		if time.After(last) {
			last = time
		}
	}
	return last
}

// containerOf returns the container that an event is about, or nothing.
func containerOf(event *corev1.Event) string {
	if found := part.FindStringSubmatch(event.InvolvedObject.FieldPath); found != nil {
		return found[1]
	}
	return ""
}

// combined returns the message of one event for one that stands for many.
func combined(message string) string { return aggregate.ReplaceAllString(message, "") }

// lastWarning returns the last warning about a pod that says more than the
// symptom does.
func (e *Evidence) lastWarning(pod *corev1.Pod, of symptom) string {
	events := e.warnings("Pod", pod.Name, pod.UID)
	for i := len(events) - 1; i >= 0; i-- {
		event := &events[i]
		container := containerOf(event)
		elsewhere := of.Container != "" && container != "" && container != of.Container
		if elsewhere || event.Reason == of.Reason || slices.Contains(told[of.kind], event.Reason) || repeats(event, of.Message) {
			continue
		}
		return sentence(event)
	}
	return ""
}

// repeats reports whether an event says the same as a message.
func repeats(event *corev1.Event, message string) bool {
	said := strings.TrimPrefix(clean(combined(event.Message), maxMessage), "Error: ")
	message = clean(message, maxMessage)
	return said == "" || strings.Contains(message, said) || message != "" && strings.Contains(said, message)
}

// sentence returns an event in one line.
func sentence(event *corev1.Event) string {
	text := event.Reason + ": " + combined(event.Message)
	count := event.Count
	if event.Series != nil {
		count = max(count, event.Series.Count)
	}
	if count > 1 {
		return clean(text, maxMessage-len(" (2147483647 times)")) + fmt.Sprintf(" (%d times)", count)
	}
	return text
}

// scaling reports whether an autoscaler makes a node for a pod of the workload.
func (e *Evidence) scaling() bool {
	return slices.ContainsFunc(e.Events, func(event corev1.Event) bool {
		makes := event.Reason == "TriggeredScaleUp" || event.Reason == "Nominated"
		return makes && event.InvolvedObject.Kind == "Pod" && slices.ContainsFunc(e.Pods, func(pod corev1.Pod) bool {
			return pod.Name == event.InvolvedObject.Name
		})
	})
}
