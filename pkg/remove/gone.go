package remove

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// patience is how long an object may take to go before that is told.
const patience = 3 * time.Second

// gone returns when nothing of what is left is there any more. It is watched,
// with one watch a resource and namespace.
func (e *Engine) gone(ctx context.Context, left map[event.Object]*held) error {
	if len(left) == 0 {
		return nil
	}
	watching, stop := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer stop()
	sightings := make(chan sighting)
	for at, members := range grouped(left) {
		watches.Go(func() { watch(watching, e.Metadata, at, members, sightings) })
	}
	long := time.NewTimer(patience)
	defer long.Stop()
	tooLong := time.NewTicker(overdue)
	defer tooLong.Stop()
	for len(left) > 0 {
		select {
		case <-long.C:
			for _, stuck := range stuck(left, nil).Stuck {
				e.Sink(event.Going(stuck))
			}
		case <-tooLong.C:
			e.remind(ctx, left)
		case <-ctx.Done():
			return stuck(left, context.Cause(ctx))
		case seen := <-sightings:
			if seen.err != nil {
				return seen.err
			}
			if held, ok := left[seen.ref]; ok && seen.meta != nil && seen.meta.UID == held.target.UID {
				held.finalizers = seen.meta.Finalizers
			} else {
				delete(left, seen.ref)
			}
		}
	}
	return nil
}

// held is an object that is still there.
type held struct {
	target     Target
	finalizers []string
}

func stuck(left map[event.Object]*held, cause error) *StuckError {
	failure := &StuckError{Cause: cause}
	for ref, held := range left {
		failure.Stuck = append(failure.Stuck, Stuck{Object: ref, Finalizers: held.finalizers})
	}
	slices.SortFunc(failure.Stuck, func(a, b Stuck) int { return cmp.Compare(a.Object.String(), b.Object.String()) })
	return failure
}

// place is what one watch serves.
type place struct {
	resource  schema.GroupVersionResource
	namespace string
}

func grouped(left map[event.Object]*held) map[place][]event.Object {
	groups := map[place][]event.Object{}
	for ref, held := range left {
		at := place{held.target.Resource, ref.Namespace}
		groups[at] = append(groups[at], ref)
	}
	return groups
}

// sighting is an object as a watch saw it; meta is nil when it is gone.
type sighting struct {
	ref  event.Object
	meta *metav1.PartialObjectMetadata
	err  error
}

// watch tells of the members until the context ends.
func watch(ctx context.Context, client metadata.Interface, at place, members []event.Object, out chan<- sighting) {
	tell := func(s sighting) {
		select {
		case out <- s:
		case <-ctx.Done():
		}
	}
	byName := map[string]event.Object{}
	for _, ref := range members {
		byName[ref.Name] = ref
	}
	see := func(name string, meta *metav1.PartialObjectMetadata) {
		if ref, ok := byName[name]; ok {
			tell(sighting{ref: ref, meta: meta})
		}
	}
	follower := &follow.Follower[*metav1.PartialObjectMetadata]{
		What:     at.resource.Resource,
		Informer: metadatainformer.NewFilteredMetadataInformer(client, at.resource, at.namespace, 0, cache.Indexers{}, nil).Informer(),
		Seen:     func(meta *metav1.PartialObjectMetadata) { see(meta.Name, meta) },
		Gone:     func(meta *metav1.PartialObjectMetadata) { see(meta.Name, nil) },
		Listed: func(there func(cache.ObjectName) bool) {
			// What the first list does not have went before it.
			for _, ref := range members {
				if !there(cache.NewObjectName(at.namespace, ref.Name)) {
					tell(sighting{ref: ref})
				}
			}
		},
		Unserved: func() {
			// The kind itself is gone, and all of its objects.
			for _, ref := range members {
				tell(sighting{ref: ref})
			}
		},
	}
	if err := follower.Run(ctx); err != nil {
		tell(sighting{err: err})
	}
}
