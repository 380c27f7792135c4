package diagnose

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	kwatch "k8s.io/apimachinery/pkg/watch"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
)

// view shows the pods and the warnings of a namespace, through two informers.
type view struct {
	pods, events cache.SharedIndexInformer
	tell         func()

	mutex sync.Mutex
	// new are the events that have come, or have come again, since the last
	// refresh.
	new map[types.UID]bool

	// What was there at the last refresh, and the events that were new then.
	known    bool
	warnings []corev1.Event
	heard    map[types.UID]bool
}

func newView(client typedcorev1.CoreV1Interface, namespace string, subjects []subject, tell func()) *view {
	narrow := func(options *metav1.ListOptions) {
		if len(subjects) == 1 {
			subjects[0].narrow(options)
		}
	}
	onlyWarnings := func(options *metav1.ListOptions) {
		options.FieldSelector = fields.OneTermEqualSelector("type", corev1.EventTypeWarning).String()
	}
	return &view{
		pods: informer(&corev1.Pod{}, narrow,
			func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return client.Pods(namespace).List(ctx, options)
			}, client.Pods(namespace).Watch),
		events: informer(&corev1.Event{}, onlyWarnings,
			func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return client.Events(namespace).List(ctx, options)
			}, client.Events(namespace).Watch),
		tell: tell,
		new:  map[types.UID]bool{},
	}
}

func informer(
	example runtime.Object,
	narrow func(*metav1.ListOptions),
	list func(context.Context, metav1.ListOptions) (runtime.Object, error),
	watch func(context.Context, metav1.ListOptions) (kwatch.Interface, error),
) cache.SharedIndexInformer {
	return cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			narrow(&options)
			return list(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (kwatch.Interface, error) {
			narrow(&options)
			return watch(ctx, options)
		},
	}, example, 0, cache.Indexers{})
}

// run watches until the context ends. Of a namespace whose pods the user may
// not watch nothing is watched.
func (v *view) run(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	warnings, stopWarnings := context.WithCancel(ctx)
	defer stopWarnings()
	if !v.follow(v.pods, stop) || !v.follow(v.events, stopWarnings) {
		return
	}
	var running sync.WaitGroup
	running.Go(func() { v.pods.RunWithContext(ctx) })
	running.Go(func() { v.events.RunWithContext(warnings) })
	// Where nothing is, nothing tells of it.
	if cache.WaitFor(ctx, "", v.pods.HasSyncedChecker()) {
		v.tell()
	}
	if cache.WaitFor(warnings, "", v.events.HasSyncedChecker()) {
		v.tell()
	}
	running.Wait()
}

// follow lets an informer tell what changes, and stop where it may not watch.
func (v *view) follow(informer cache.SharedIndexInformer, stop func()) bool {
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, first bool) {
			if !first {
				v.hear(object)
			}
			v.tell()
		},
		UpdateFunc: func(_, object any) {
			v.hear(object)
			v.tell()
		},
		DeleteFunc: func(any) { v.tell() },
	})
	if err != nil {
		return false
	}
	err = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			stop()
		}
		// Everything else passes: the informer tries again.
	})
	return err == nil
}

// hear takes note of an event that has happened just now.
func (v *view) hear(object any) {
	event, ok := object.(*corev1.Event)
	if !ok {
		return
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.new[event.UID] = true
}

// refresh takes note of what there is now.
func (v *view) refresh() {
	v.known = v.pods.HasSynced() && !v.pods.IsStopped()
	v.warnings, v.heard = nil, nil
	if !v.known || !v.events.HasSynced() || v.events.IsStopped() {
		return // what is new stays so until it can be seen
	}
	v.mutex.Lock()
	v.heard, v.new = v.new, map[types.UID]bool{}
	v.mutex.Unlock()
	for _, object := range v.events.GetStore().List() {
		if event, ok := object.(*corev1.Event); ok {
			v.warnings = append(v.warnings, *event)
		}
	}
}

// evidence gives what is seen of a workload.
func (v *view) evidence(of subject) Evidence {
	evidence := Evidence{watched: true, Events: v.warnings}
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

// anyReady tells whether a pod of the workload is ready, as far as is known.
func (e *Evidence) anyReady() bool {
	for i := range e.Pods {
		if isTrue(&e.Pods[i], corev1.PodReady) {
			return true
		}
	}
	return false
}
