package follow

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// MaxOpen is how many places are watched at once.
const MaxOpen = 100

// Place is where objects of one kind are watched.
type Place struct {
	Kind     schema.GroupKind
	Resource schema.GroupVersionResource
	// Namespace is empty for a kind without namespaces.
	Namespace string
}

// Ref names an object of the place.
func (p Place) Ref(name string) event.Object {
	return event.Object{Group: p.Kind.Group, Kind: p.Kind.Kind, Namespace: p.Namespace, Name: name}
}

// Sighting is an object as a watch saw it, or the end of the watch.
type Sighting[T any] struct {
	Place Place
	Ref   event.Object
	// Object is what was seen last; it is zero where the object was gone before
	// the watch began.
	Object T
	Gone   bool
	// Err is why the place cannot be watched.
	Err error
}

// Watches watch some places, at most MaxOpen at once; others begin when one of
// them is done.
type Watches[T metav1.Object] struct {
	// Seen gives what they see.
	Seen <-chan Sighting[T]

	ctx   context.Context
	stop  context.CancelFunc
	out   chan Sighting[T]
	slots chan struct{}
	all   sync.WaitGroup
	done  map[Place]context.CancelFunc
}

// NewWatches watches nothing yet. Close ends it. Its functions are for one
// goroutine.
func NewWatches[T metav1.Object](ctx context.Context) *Watches[T] {
	w := &Watches[T]{out: make(chan Sighting[T]), slots: make(chan struct{}, MaxOpen), done: map[Place]context.CancelFunc{}}
	w.ctx, w.stop = context.WithCancel(ctx)
	w.Seen = w.out
	return w
}

// Close ends all watches and waits for that.
func (w *Watches[T]) Close() {
	w.stop()
	w.all.Wait()
}

// Begin watches a place through an informer that has not been started. Objects
// of the given names are gone where the first list does not have them and, if
// kind is set, where the server does not know their kind.
func (w *Watches[T]) Begin(place Place, informer cache.SharedIndexInformer, names []string, kind bool) {
	ctx, done := context.WithCancel(w.ctx)
	w.done[place] = done
	gone := func(there func(cache.ObjectName) bool) {
		for _, name := range names {
			if !there(cache.NewObjectName(place.Namespace, name)) {
				w.tell(ctx, Sighting[T]{Place: place, Ref: place.Ref(name), Gone: true})
			}
		}
	}
	see := func(object T, gone bool) {
		w.tell(ctx, Sighting[T]{Place: place, Ref: place.Ref(object.GetName()), Object: object, Gone: gone})
	}
	follower := &Follower[T]{
		What:     place.Resource.Resource,
		Informer: informer,
		Seen:     func(object T, _ bool) { see(object, false) },
		Gone:     func(object T) { see(object, true) },
		Listed:   gone,
	}
	if kind {
		follower.Unserved = func() { gone(func(cache.ObjectName) bool { return false }) }
	}
	w.all.Go(func() {
		select {
		case w.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		defer func() { <-w.slots }()
		if err := follower.Run(ctx); err != nil {
			w.tell(ctx, Sighting[T]{Place: place, Err: err})
		}
	})
}

// Done ends the watch of a place, of which nothing more is wanted.
func (w *Watches[T]) Done(place Place) {
	if done, begun := w.done[place]; begun {
		done()
		delete(w.done, place)
	}
}

func (w *Watches[T]) tell(ctx context.Context, seen Sighting[T]) {
	select {
	case w.out <- seen:
	case <-ctx.Done():
	}
}
