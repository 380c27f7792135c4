package status

import (
	"context"
	"reflect"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// Watch calls show for each workload as it is, and then for each that changes
// in what is told of it, until the context ends. Findings are left out. It
// gives the cause of the context's end, or an error of Run; nil where nothing
// has to run.
func (s *Status) Watch(ctx context.Context, show func(Workload)) error {
	found, err := s.find(ctx)
	if err != nil || ctx.Err() != nil {
		return cluster.CauseOf(ctx, err)
	}
	watching, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	seen := &sightings{show: show, last: map[event.Object]Workload{}}
	var watches sync.WaitGroup
	for _, place := range found.places {
		watches.Go(func() {
			if err := s.watch(watching, place, seen); err != nil {
				stop(err)
			}
		})
	}
	watches.Wait()
	return context.Cause(watching)
}

// sightings shows what has changed.
type sightings struct {
	mutex sync.Mutex
	show  func(Workload)
	last  map[event.Object]Workload
}

func (s *sightings) see(object *unstructured.Unstructured, gone bool) {
	now := workload(object)
	if gone {
		now.Ready, now.Message = false, "deleted"
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	ref := manifest.Ref(object)
	if before, known := s.last[ref]; known && reflect.DeepEqual(before, now) {
		return
	}
	s.last[ref] = now
	s.show(now)
}

// watch follows one place until the context ends.
func (s *Status) watch(ctx context.Context, place applyset.Place, seen *sightings) error {
	only := func(options *metav1.ListOptions) { options.LabelSelector = s.members() }
	see := func(object *unstructured.Unstructured, gone bool) {
		if applyset.IsMember(object, s.id()) {
			seen.see(object, gone)
		}
	}
	follower := &follow.Follower[*unstructured.Unstructured]{
		What:     place.Resource.Resource,
		Informer: dynamicinformer.NewFilteredDynamicInformer(s.Cluster.Dynamic, place.Resource, place.Namespace, 0, cache.Indexers{}, only).Informer(),
		Seen:     func(object *unstructured.Unstructured, _ bool) { see(object, false) },
		Gone:     func(object *unstructured.Unstructured) { see(object, true) },
	}
	return follower.Run(ctx)
}
