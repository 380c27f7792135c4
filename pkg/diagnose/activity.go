package diagnose

import (
	"cmp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Activity is what a node does for a workload that is not ready, or what keeps it
// from that.
type Activity struct {
	Workload *unstructured.Unstructured
	// What is empty where there is nothing more to tell; Since is zero where it
	// does not matter how long it takes.
	What  string
	Since time.Time
}

// activities tells of those that change.
type activities struct {
	tell func(Activity)
	told map[int]string
	// read is what the logs of containers say that run and are not ready.
	read map[int]string
}

// note remembers what logs say of a workload, if they have been looked at.
func (a *activities) note(index int, symptoms []symptom) {
	for _, s := range symptoms {
		if !s.runs() {
			continue
		}
		delete(a.read, index)
		if s.Cause != "" {
			a.read[index] = clean(s.Message, maxMessage)
			return
		}
	}
}

// say tells what is done for the workload with an index, if that is new.
func (a *activities) say(now time.Time, index int, workload *unstructured.Unstructured, what string, timed bool) {
	what = cmp.Or(what, a.read[index])
	if a.tell == nil || a.told[index] == what {
		return
	}
	a.told[index] = what
	activity := Activity{Workload: workload, What: what}
	if timed {
		activity.Since = now
	}
	a.tell(activity)
}

// activity returns what is done for a workload, and whether it is a pull. Pulls
// come first: they are what mostly takes time.
func (e *Evidence) activity(pulls map[place]*pull, symptoms []symptom) (what string, pulling bool) {
	var found []*pull
	for i := range e.Pods {
		found = append(found, pullsFor(&e.Pods[i], pulls)...)
	}
	if len(found) == 0 {
		return obstacle(symptoms), false
	}
	first := slices.MinFunc(found, func(a, b *pull) int {
		waits := map[bool]int{true: 1}
		return cmp.Or(waits[a.waits]-waits[b.waits], strings.Compare(a.image, b.image))
	})
	what = "pulling "
	if first.waits {
		what = "waiting for its turn to pull "
	}
	return clean(what+shortImage(first.image), maxMessage), true
}

// shortImage leaves the registry out, and a digest.
func shortImage(image string) string {
	image, _, _ = strings.Cut(image, "@")
	return image[strings.LastIndex(image, "/")+1:]
}

// pullsFor returns the pulls of containers that have not been started.
func pullsFor(pod *corev1.Pod, pulls map[place]*pull) []*pull {
	var found []*pull
	for _, at := range awaitsImages(pod) {
		if p := pulls[at]; p != nil {
			found = append(found, p)
		}
	}
	return found
}

// awaitsImages returns the containers of a pod whose images may be on their way.
func awaitsImages(pod *corev1.Pod) []place {
	var places []place
	for _, status := range statuses(pod) {
		if waiting := status.State.Waiting; waiting != nil && starting[waiting.Reason] && pod.DeletionTimestamp == nil {
			places = append(places, place{pod.UID, status.Name})
		}
	}
	return places
}

// obstacle returns the symptom that tells most. That a container does not answer
// its probes yet is told only when the wait has ended: most of them do not when
// they start.
func obstacle(symptoms []symptom) string {
	if len(symptoms) == 0 {
		return ""
	}
	first := slices.MinFunc(symptoms, func(a, b symptom) int { return cmp.Compare(a.kind, b.kind) })
	switch {
	case first.kind == probeKind, first.kind == otherKind:
		return ""
	case first.Cause != "":
		return "waiting for " + first.Cause
	case first.kind == imageKind:
		// Its reason changes between two words.
		return clean("cannot pull "+first.Message, maxMessage)
	}
	return clean(first.Reason+": "+first.Message, maxMessage)
}
