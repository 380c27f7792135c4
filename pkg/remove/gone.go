package remove

import (
	"cmp"
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// patience is how long an object may take to go before that is told.
const patience = 3 * time.Second

// gone returns when nothing of what is left is there any more.
func (e *Engine) gone(ctx context.Context, left map[event.Object]*held) error {
	if len(left) == 0 {
		return nil
	}
	watches := follow.NewWatches[*metav1.PartialObjectMetadata](ctx)
	defer watches.Close()
	e.watch(watches, left)
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
		case seen := <-watches.Seen:
			if seen.Err != nil {
				return seen.Err
			}
			if held, ok := left[seen.Ref]; ok && !seen.Gone && seen.Object.UID == held.target.UID {
				held.finalizers = seen.Object.Finalizers
			} else if delete(left, seen.Ref); !anyIn(seen.Place, left) {
				watches.Done(seen.Place)
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

// watch watches what is left, with one watch a resource and namespace.
func (e *Engine) watch(watches *follow.Watches[*metav1.PartialObjectMetadata], left map[event.Object]*held) {
	names := map[follow.Place][]string{}
	for ref, held := range left {
		names[held.place(ref)] = append(names[held.place(ref)], ref.Name)
	}
	for place, names := range names {
		informer := metadatainformer.NewFilteredMetadataInformer(e.Metadata, place.Resource, place.Namespace, 0, cache.Indexers{}, nil).Informer()
		watches.Begin(place, informer, names, true)
	}
}

func (h *held) place(ref event.Object) follow.Place {
	return follow.Place{Kind: schema.GroupKind{Group: ref.Group, Kind: ref.Kind}, Resource: h.target.Resource, Namespace: ref.Namespace}
}

// anyIn reports whether anything of a place is left.
func anyIn(place follow.Place, left map[event.Object]*held) bool {
	for ref, held := range left {
		if held.place(ref) == place {
			return true
		}
	}
	return false
}
