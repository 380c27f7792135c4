package ready

import (
	"context"
	"maps"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// Watch follows objects that are going to be waited for, from before they are
// written, so that the wait has nothing to ask for. A nil Watch follows
// nothing.
type Watch struct {
	places map[Place]bool
	stop   context.CancelFunc
	ended  sync.WaitGroup
	fresh  chan struct{}

	mutex sync.Mutex
	// latest is what was last seen of each object and not taken yet, and failed
	// are the places that could not be watched.
	latest map[event.Object]sighting
	failed map[Place]bool
}

// Begin starts to watch the places; End ends it.
func Begin(ctx context.Context, client dynamic.Interface, places []Place) *Watch {
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{places: map[Place]bool{}, stop: stop, fresh: make(chan struct{}, 1), latest: map[event.Object]sighting{}, failed: map[Place]bool{}}
	watches := follow.NewWatches[*unstructured.Unstructured](ctx)
	for _, place := range places {
		if !w.places[place] && len(w.places) < follow.MaxOpen {
			w.places[place] = true
			(&group{Place: place}).begin(client, watches)
		}
	}
	w.ended.Go(func() {
		defer watches.Close()
		for {
			select {
			case seen := <-watches.Seen:
				w.note(seen)
			case <-ctx.Done():
				return
			}
		}
	})
	return w
}

// End stops watching.
func (w *Watch) End() {
	if w != nil {
		w.stop()
		w.ended.Wait()
	}
}

func (w *Watch) note(seen sighting) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if seen.Err != nil {
		w.failed[seen.Place] = true
	} else {
		w.latest[seen.Ref] = seen
	}
	select {
	case w.fresh <- struct{}{}:
	default: // it is known already that there is something
	}
}

// news has something in it when there is something to take.
func (w *Watch) news() <-chan struct{} {
	if w == nil {
		return nil
	}
	return w.fresh
}

// take returns what was seen since it was last called, and the places that could
// not be watched.
func (w *Watch) take() (map[event.Object]sighting, map[Place]bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	latest := w.latest
	w.latest = map[event.Object]sighting{}
	return latest, maps.Clone(w.failed)
}

// serves reports whether a group needs no other watch. What the watch has seen
// may be older than what was stored meanwhile, so that the versions must be
// such as can be compared.
func (w *Watch) serves(group *group, pending map[event.Object]*Pending) bool {
	if w == nil || !w.places[group.Place] {
		return false
	}
	w.mutex.Lock()
	failed := w.failed[group.Place]
	w.mutex.Unlock()
	if failed {
		return false
	}
	for _, name := range group.names {
		known := pending[group.Ref(name)]
		if known.Held != "" {
			continue // whatever is seen of it is newer
		}
		version := known.Object.GetResourceVersion()
		if _, err := resourceversion.CompareResourceVersion(version, version); err != nil {
			return false
		}
	}
	return true
}

// catchUp takes in what an early watch has seen, if it is newer than what was
// known. It gives the places that could not be watched: there it may have been
// too early for that.
func (w *wait) catchUp(early *Watch) map[Place]bool {
	seen, failed := early.take()
	for _, ref := range w.order {
		pending, waiting := w.pending[ref]
		one, found := seen[ref]
		if !waiting || !found {
			continue
		}
		older, err := resourceversion.CompareResourceVersion(one.Object.GetResourceVersion(), pending.Object.GetResourceVersion())
		if pending.Held == "" && (err != nil || older < 0) {
			continue
		}
		w.take(one)
	}
	return failed
}
