// Package follow lists and watches the objects of one resource through
// client-go's informers, which resume by themselves.
package follow

import (
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/answer"
)

// Follower tells of the objects that an informer sees. All of its functions
// are called from goroutines that end before Run does, several at once; they
// must not change the objects. T is the type that the informer holds.
type Follower[T metav1.Object] struct {
	// What names the resource in errors.
	What string
	// Informer has not been started.
	Informer cache.SharedIndexInformer
	// Seen gets each object as it is, and again whenever it changes. initial is
	// set for those of the first list.
	Seen func(object T, initial bool)
	// Gone gets each object that was deleted, as it was last seen.
	Gone func(T)
	// Listed may be nil. It is called once all objects of the first list have
	// been taken in, though perhaps not told of, with what tells whether an
	// object is among them.
	Listed func(there func(cache.ObjectName) bool)
	// Unserved may be nil. It is called when the server does not know the
	// resource, each time that it is asked.
	Unserved func()
}

// Run returns when the context ends, with nil, or with an error when the user
// may not watch the resource, or the server lists something else in its place
// (answer.IsOther). Other faults pass: the informer tries again, and
// the context bounds how long.
func (f *Follower[T]) Run(ctx context.Context) error {
	watching, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if err := f.handle(stop); err != nil {
		return f.failed(err)
	}
	var running sync.WaitGroup
	running.Go(func() { f.Informer.RunWithContext(watching) })
	if f.Listed != nil && cache.WaitFor(watching, "", f.Informer.HasSyncedChecker()) {
		f.Listed(func(name cache.ObjectName) bool {
			_, there, _ := f.Informer.GetStore().GetByKey(name.String())
			return there
		})
	}
	running.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return f.failed(context.Cause(watching))
}

func (f *Follower[T]) failed(err error) error { return fmt.Errorf("cannot watch %s: %w", f.What, err) }

// handle registers what the informer calls.
func (f *Follower[T]) handle(stop context.CancelCauseFunc) error {
	seen := func(object any, initial bool) {
		if object, ok := object.(T); ok {
			f.Seen(object, initial)
		}
	}
	_, err := f.Informer.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc:    seen,
		UpdateFunc: func(_, object any) { seen(object, false) },
		DeleteFunc: func(object any) {
			// The end of a watch can hide a deletion, which then shows in the
			// next list.
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			if object, ok := object.(T); ok {
				f.Gone(object)
			}
		},
	})
	if err != nil {
		return err
	}
	return f.Informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		switch {
		case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err), answer.IsOther(err):
			stop(err)
		case apierrors.IsNotFound(err) && f.Unserved != nil:
			f.Unserved()
		}
	})
}

// Informer lists and watches what a typed client has of one kind, of which
// example is one. narrow may choose among them.
func Informer[L runtime.Object](
	example runtime.Object,
	list func(context.Context, metav1.ListOptions) (L, error),
	open func(context.Context, metav1.ListOptions) (watch.Interface, error),
	narrow func(*metav1.ListOptions),
) cache.SharedIndexInformer {
	return cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			narrow(&options)
			return list(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			narrow(&options)
			return open(ctx, options)
		},
	}, example, 0, cache.Indexers{})
}
