package hold

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// watchNeeds watches the metadata of what is needed, with one watch a kind and
// namespace.
func (h *Hold) watchNeeds(client metadata.Interface) {
	names := map[follow.Place][]string{}
	for need := range h.unseen {
		resource := schema.GroupVersionResource{Version: "v1", Resource: strings.ToLower(need.Kind) + "s"}
		place := follow.Place{Kind: schema.GroupKind{Kind: need.Kind}, Resource: resource, Namespace: need.Namespace}
		names[place] = append(names[place], need.Name)
	}
	for place, names := range names {
		narrow := func(options *metav1.ListOptions) {
			if len(names) == 1 {
				options.FieldSelector = fields.OneTermEqualSelector("metadata.name", names[0]).String()
			}
		}
		informer := metadatainformer.NewFilteredMetadataInformer(client, place.Resource, place.Namespace, 0, cache.Indexers{}, narrow).Informer()
		h.needs.Begin(place, informer, names, false)
	}
}

// seeNeed takes in that something that is needed exists or does not. What cannot
// be watched nobody waits for.
func (h *Hold) seeNeed(seen follow.Sighting[*metav1.PartialObjectMetadata]) {
	if seen.Err != nil {
		for _, group := range h.groups {
			for _, need := range group.Needs {
				if need.Kind == seen.Place.Kind.Kind && need.Namespace == seen.Place.Namespace {
					delete(h.unseen, need)
					delete(h.missing, need)
				}
			}
		}
		return
	}
	delete(h.unseen, seen.Ref)
	if seen.Gone {
		h.missing[seen.Ref] = true
	} else {
		delete(h.missing, seen.Ref)
	}
}

// watchPods watches, once, what happens to pods in the namespaces of workloads that
// others come behind.
func (h *Hold) watchPods() {
	kind := schema.GroupKind{Kind: "Event"}
	ofPods := func(options *metav1.ListOptions) {
		options.FieldSelector = fields.OneTermEqualSelector("involvedObject.kind", "Pod").String()
	}
	for workload := range h.behind() {
		place := follow.Place{Kind: kind, Resource: corev1.SchemeGroupVersion.WithResource("events"), Namespace: workload.Namespace}
		if h.watched[place] {
			continue
		}
		h.watched[place] = true
		events := h.core.Events(place.Namespace)
		h.pods.Begin(place, follow.Informer(&corev1.Event{}, events.List, events.Watch, ofPods), nil, false)
	}
}

// behind has the workloads that a group comes behind.
func (h *Hold) behind() map[event.Object]bool {
	all := map[event.Object]bool{}
	for _, group := range h.groups {
		for _, workload := range group.Behind {
			all[workload] = true
		}
	}
	return all
}

// seePod takes in what happens to a pod. The kubelet tells that it pulls an image
// when it queues for that, and of each container when it has the image. What Istio
// has injected comes before the containers that are the pod's own. Whatever the
// kubelet or the scheduler warns of, it does before that, and a pod that is stuck
// stands in no queue.
func (h *Hold) seePod(seen follow.Sighting[*corev1.Event]) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if seen.Err != nil {
		h.blind[seen.Place.Namespace] = true
		return
	}
	pod := seen.Object.InvolvedObject
	injected := strings.HasPrefix(pod.FieldPath, "spec.initContainers{istio-")
	tells := strings.HasPrefix(pod.FieldPath, "spec.") || seen.Object.Type == corev1.EventTypeWarning
	if seen.Gone || injected || !tells {
		return
	}
	workload := h.workloadOf(pod.Namespace, pod.Name)
	if at := lastSeen(seen.Object); at.After(h.begun[workload]) {
		h.begun[workload] = at
	}
}

// workloadOf returns the workload of a pod, which is the one with the longest name
// that the pod's begins with.
func (h *Hold) workloadOf(namespace, pod string) event.Object {
	var found event.Object
	for workload := range h.behind() {
		if workload.Namespace == namespace && strings.HasPrefix(pod+"-", workload.Name+"-") && len(workload.Name) > len(found.Name) {
			found = workload
		}
	}
	return found
}

// lastSeen is when an event last happened. Its parts are written by clients of
// different ages, in whole seconds.
func lastSeen(e *corev1.Event) time.Time {
	last := e.CreationTimestamp.Time
	for _, at := range []time.Time{e.LastTimestamp.Time, e.EventTime.Time} {
		if at.After(last) {
			last = at
		}
	}
	return last
}
