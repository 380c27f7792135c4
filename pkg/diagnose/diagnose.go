// Package diagnose finds out, from pods, conditions, events and logs, why a
// workload does not become ready, and whether that can heal by itself.
package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// maxFindings bounds what is said of one workload.
const maxFindings = 5

// Finding is one thing that holds a workload back. Every text in it is one
// line without control characters, and of bounded length.
type Finding struct {
	// Pod is empty where it is not about one.
	Pod string `json:"pod,omitempty"`
	// MorePods counts the other pods of which the same is true.
	MorePods int `json:"morePods,omitempty"`
	// Container is empty where it is not about one.
	Container string `json:"container,omitempty"`
	// Reason is Kubernetes' word: "ImagePullBackOff".
	Reason string `json:"reason"`
	// Message is the image, the exit code, the missing key, or the
	// scheduler's words.
	Message string `json:"message,omitempty"`
	// Logs are the last lines of a container that crashed, or the last errors and
	// warnings of one that does not get ready, at most five.
	Logs []string `json:"logs,omitempty"`
	// Event is the last warning about it, unless it only repeats the message.
	Event string `json:"event,omitempty"`
	// Next is the next step to try: a command, or an advice.
	Next string `json:"next,omitempty"`
	// Cause names what the pod waits for, if that is something that others may wait
	// for, too: "cluster DNS".
	Cause string `json:"-"`
	// Grace is how long this may last before it counts as something that does
	// not heal by itself; 0 means that it may heal at any time.
	Grace time.Duration `json:"-"`
}

// String returns all but the logs, the event and the next step in one line.
func (f Finding) String() string {
	var parts []string
	switch {
	case f.MorePods == 1:
		parts = append(parts, fmt.Sprintf("pod %s and 1 more pod", f.Pod))
	case f.MorePods > 1:
		parts = append(parts, fmt.Sprintf("pod %s and %d more pods", f.Pod, f.MorePods))
	case f.Pod != "":
		parts = append(parts, "pod "+f.Pod)
	}
	if f.Container != "" {
		parts = append(parts, "container "+f.Container)
	}
	parts = append(parts, f.Reason)
	if f.Message != "" {
		parts = append(parts, f.Message)
	}
	return strings.Join(parts, ": ")
}

// Evidence is what is known about a workload. All but the workload may be
// missing; then less is found.
type Evidence struct {
	// Workload is what has the pods; a Pod and a PersistentVolumeClaim may
	// also stand alone.
	Workload *unstructured.Unstructured
	// Pods are those of the workload.
	Pods []corev1.Pod
	// Events are those of its namespace; what is about others is left out.
	Events []corev1.Event
	// Claims are those of its namespace.
	Claims []corev1.PersistentVolumeClaim
	// Logs are the last lines of containers that crashed or do not get ready.
	Logs map[LogKey]string

	// watched is set where the workload is as it was before the events: its
	// conditions and its number of pods are old.
	watched bool
}

// LogKey names a container of a pod of the workload.
type LogKey struct{ Pod, Container string }

// kind tells what a symptom is about. Its order is that of how much a symptom
// tells: what a container says is closer to the cause than where it stands.
type kind int

const (
	imageKind kind = iota
	configKind
	crashKind
	volumeKind
	createKind
	placeKind
	endedKind
	probeKind
	otherKind
)

// symptom is a finding of one pod, before those of all pods are merged.
type symptom struct {
	Finding
	kind kind
	// uid is the pod's.
	uid types.UID
	// same is equal where two pods have the same symptom.
	same string
	// previous is set where the logs are those of an instance that ended.
	previous bool
	// log is the container whose log may tell more.
	log string
	// server is the namespace of the webhook that is missing, if one is.
	server string
}

// identity is what the symptoms have in common that become one finding.
type identity struct {
	kind                    kind
	container, reason, same string
}

// runs reports whether it is one of a container that runs and is not ready.
func (s symptom) runs() bool { return s.log != "" && s.kind != crashKind }

func (s symptom) identity() identity { return identity{s.kind, s.Container, s.Reason, s.same} }

// Explain says what holds a workload back, the most telling first. It finds
// nothing where the pods are ready.
func Explain(evidence Evidence) []Finding {
	return merged(evidence.look())
}

// look returns every symptom of every pod, and of the workload itself.
func (e *Evidence) look() []symptom {
	if e.Workload == nil {
		return nil
	}
	var found []symptom
	for i := range e.Pods {
		found = append(found, e.pod(&e.Pods[i])...)
	}
	found = append(found, e.creation()...)
	return append(found, e.ownClaim()...)
}

// merged makes one finding of the same symptom of several pods.
func merged(symptoms []symptom) []Finding {
	slices.SortStableFunc(symptoms, func(a, b symptom) int { return cmp.Compare(a.kind, b.kind) })
	places := map[identity]int{}
	var findings []Finding
	for _, symptom := range symptoms {
		if place, there := places[symptom.identity()]; there {
			findings[place].MorePods++
			continue
		}
		if len(findings) < maxFindings {
			places[symptom.identity()] = len(findings)
			findings = append(findings, symptom.cleaned())
		}
	}
	return findings
}

// cleaned is the one way out of this package, so that nothing leaves it that
// a terminal would act on.
func (s symptom) cleaned() Finding {
	f := s.Finding
	for text, most := range map[*string]int{
		&f.Pod:       maxName,
		&f.Container: maxName,
		&f.Reason:    maxName,
		&f.Message:   maxMessage,
		&f.Event:     maxMessage,
		&f.Next:      maxMessage,
	} {
		*text = clean(*text, most)
	}
	return f
}

// kubectl returns a command for the namespace of the workload.
func (e *Evidence) kubectl(text string, names ...string) string {
	return shell.Line("kubectl "+text, names...) + shell.In(e.Workload.GetNamespace())
}
