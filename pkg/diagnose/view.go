package diagnose

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// silent leaves out the events that every pod has and that tell nothing here:
// warnings are wanted, and what kubelets and autoscalers do.
var silent = []fields.Selector{
	fields.OneTermNotEqualSelector("reason", "Scheduled"),
	fields.OneTermNotEqualSelector("reason", "SuccessfulCreate"),
	fields.OneTermNotEqualSelector("reason", "ScalingReplicaSet"),
	fields.OneTermNotEqualSelector("reason", "Started"),
	fields.OneTermNotEqualSelector("reason", "Killing"),
}

// view shows the pods and the events of a namespace, through two informers.
type view struct {
	pods, events cache.SharedIndexInformer
	tell         func()

	mutex sync.Mutex
	// new are the events that have come, or have come again, since the last
	// refresh.
	new map[types.UID]bool

	// What was there at the last refresh, and the events that were new then.
	known bool
	all   []corev1.Event
	heard map[types.UID]bool
}

func newView(client typedcorev1.CoreV1Interface, namespace string, subjects []subject, tell func()) *view {
	narrow := func(options *metav1.ListOptions) {
		if len(subjects) == 1 {
			subjects[0].narrow(options)
		}
	}
	telling := func(options *metav1.ListOptions) { options.FieldSelector = fields.AndSelectors(silent...).String() }
	pods, events := client.Pods(namespace), client.Events(namespace)
	return &view{
		pods:   follow.Informer(&corev1.Pod{}, pods.List, pods.Watch, narrow),
		events: follow.Informer(&corev1.Event{}, events.List, events.Watch, telling),
		tell:   tell,
		new:    map[types.UID]bool{},
	}
}

// run watches until the context ends. Of a namespace whose pods the user may
// not watch nothing is watched.
func (v *view) run(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pods := &follow.Follower[*corev1.Pod]{
		What:     "pods",
		Informer: v.pods,
		Seen:     func(*corev1.Pod, bool) { v.tell() },
		Gone:     func(*corev1.Pod) { v.tell() },
		Listed:   func(func(cache.ObjectName) bool) { v.tell() }, // where nothing is, nothing tells of it
	}
	events := &follow.Follower[*corev1.Event]{
		What:     "events",
		Informer: v.events,
		Seen: func(event *corev1.Event, initial bool) {
			if !initial {
				v.hear(event)
			}
			v.tell()
		},
		Gone:   func(*corev1.Event) { v.tell() },
		Listed: func(func(cache.ObjectName) bool) { v.tell() },
	}
	var running sync.WaitGroup
	running.Go(func() {
		_ = pods.Run(ctx)
		stop()
	})
	running.Go(func() { _ = events.Run(ctx) }) // without them, the pods tell enough
	running.Wait()
}

// hear takes note of an event that has happened just now.
func (v *view) hear(event *corev1.Event) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.new[event.UID] = true
}

// refresh takes note of what there is now.
func (v *view) refresh() {
	v.known = v.pods.HasSynced() && !v.pods.IsStopped()
	v.all, v.heard = nil, nil
	if !v.known || !v.events.HasSynced() || v.events.IsStopped() {
		return // what is new stays so until it can be seen
	}
	v.mutex.Lock()
	v.heard, v.new = v.new, map[types.UID]bool{}
	v.mutex.Unlock()
	for _, object := range v.events.GetStore().List() {
		if event, ok := object.(*corev1.Event); ok {
			v.all = append(v.all, *event)
		}
	}
}

// evidence returns what is seen of a workload.
func (v *view) evidence(of subject) Evidence {
	evidence := Evidence{watched: true, Events: v.all}
	if !v.known {
		return evidence // without a workload nothing is found
	}
	evidence.Workload = of.workload
	for _, object := range v.pods.GetStore().List() {
		if pod, ok := object.(*corev1.Pod); ok && of.has(pod) {
			evidence.Pods = append(evidence.Pods, *pod)
		}
	}
	return evidence
}

// anyReady reports whether a pod of the workload is ready, as far as is known.
func (e *Evidence) anyReady() bool {
	for i := range e.Pods {
		if isTrue(&e.Pods[i], corev1.PodReady) {
			return true
		}
	}
	return false
}
