package ready

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// Target is an object to wait for.
type Target struct {
	Ref      event.Object
	Resource schema.GroupVersionResource
	// Object is what was last seen of it.
	Object *unstructured.Unstructured
	// Held says what an object waits for that is not created yet, and is empty for
	// all others. Object is then what is going to be created.
	Held string
	// Doubt is how long a failure is not believed, because what says so may be
	// older than the last change of the object.
	Doubt time.Duration
}

// never is longer than any wait.
const never = 1000 * time.Hour

// Pending is an object that is not ready, and what it lacks.
type Pending struct {
	Target
	State State
	// Message says what it lacks, and Refused why no pods are made, where the
	// object tells.
	Message, Refused string
	// failed is when it was first seen to have failed, without a break.
	failed time.Time
}

// Lacks returns both in one line.
func (p Pending) Lacks() string { return together(p.Message, p.Refused) }

// NotReadyError says that the wait ended before everything was ready.
type NotReadyError struct {
	// Pending are the objects that are not ready, or only those that failed if
	// that ended the wait, in the order of the targets.
	Pending []Pending
	// Cause is why the wait ended: the context's, or nil where an object has
	// failed for good.
	Cause error
}

func (e *NotReadyError) Error() string {
	first := e.Pending[0]
	message := fmt.Sprintf("%s is not ready: %s", first.Ref, first.Lacks())
	if more := len(e.Pending) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more)", more)
	}
	return message
}

func (e *NotReadyError) Unwrap() error { return e.Cause }

// Wait returns when all targets are ready, with nil. It gives a *NotReadyError
// when the context ends before, or when an object has failed for good, and an
// error of the API server when the user may not watch. Objects that are ready
// as last seen cost no request; the others are watched, with one watch a
// resource and namespace, or by the one that was begun early, which may be nil.
// The sink, which must not be nil, is told what is waited for.
func Wait(ctx context.Context, client dynamic.Interface, sink event.Sink, targets []Target, early *Watch) error {
	wait := &wait{sink: sink, pending: map[event.Object]*Pending{}}
	for i := range targets {
		wait.order = append(wait.order, targets[i].Ref)
		wait.pending[targets[i].Ref] = &Pending{Target: targets[i]}
		wait.see(targets[i].Ref, targets[i].Object)
	}
	wait.started = true
	done, doubt, err := wait.over()
	if done {
		return err
	}

	watches := follow.NewWatches[*unstructured.Unstructured](ctx)
	defer watches.Close()
	doubts := time.NewTimer(doubt)
	defer doubts.Stop()
	served := map[Place]*group{}
	for _, group := range grouped(wait.pending) {
		if early.serves(group, wait.pending) {
			served[group.Place] = group
		} else {
			group.begin(client, watches)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return &NotReadyError{Pending: wait.left(), Cause: context.Cause(ctx)}
		case seen := <-watches.Seen:
			if seen.Err != nil {
				return seen.Err
			}
			wait.take(seen)
			if !wait.waitsIn(seen.Place) {
				watches.Done(seen.Place)
			}
		case <-early.news():
			for place := range wait.catchUp(early) {
				if group, waited := served[place]; waited {
					delete(served, place)
					group.begin(client, watches)
				}
			}
		case <-doubts.C:
		}
		if done, doubt, err = wait.over(); done {
			return err
		}
		doubts.Reset(doubt)
	}
}

// wait is what is known while waiting.
type wait struct {
	sink    event.Sink
	order   []event.Object
	pending map[event.Object]*Pending
	// started is false while the first look is taken: what is ready then was
	// not waited for, and nothing is said of it.
	started bool
}

// take takes in what was seen of an object.
func (w *wait) take(seen sighting) {
	if seen.Gone {
		seen.Object = nil
	}
	w.see(seen.Ref, seen.Object)
}

// waitsIn reports whether anything of a place is still waited for.
func (w *wait) waitsIn(place Place) bool {
	for _, pending := range w.pending {
		if pending.place() == place {
			return true
		}
	}
	return false
}

// see takes in a new state of an object; nil means that it was deleted.
func (w *wait) see(ref event.Object, object *unstructured.Unstructured) {
	pending, ok := w.pending[ref]
	if !ok {
		return // ready already, or not ours
	}
	before := pending.Lacks()
	switch {
	case pending.Held != "" && (object == nil || object.GetResourceVersion() == ""):
		pending.State, pending.Message = InProgress, pending.Held
	case object == nil:
		pending.State, pending.Message, pending.Refused = InProgress, "it was deleted; rerun the same command", ""
	default:
		pending.Object, pending.Held = object, ""
		pending.State, pending.Message, pending.Refused = compute(object)
	}
	switch {
	case pending.State != Failed:
		pending.failed = time.Time{}
	case pending.failed.IsZero():
		pending.failed = time.Now()
	}
	switch {
	case pending.State == Ready:
		delete(w.pending, ref)
		if w.started {
			w.sink(event.Ready{Object: ref})
		}
	case pending.Lacks() != before:
		w.sink(event.Waiting{Object: ref, Message: pending.Lacks()})
	}
}

// over reports whether there is nothing left to wait for, and otherwise when a
// failure is to be believed.
func (w *wait) over() (done bool, doubt time.Duration, err error) {
	left := w.left()
	doubt = never
	failed := slices.DeleteFunc(slices.Clone(left), func(p Pending) bool {
		if p.State != Failed {
			return true
		}
		remains := time.Until(p.failed.Add(p.Doubt))
		if remains > 0 {
			doubt = min(doubt, remains)
		}
		return remains > 0
	})
	if len(failed) > 0 {
		return true, 0, &NotReadyError{Pending: failed}
	}
	return len(left) == 0, doubt, nil
}

func (w *wait) left() []Pending {
	var left []Pending
	for _, ref := range w.order {
		if pending, ok := w.pending[ref]; ok {
			left = append(left, *pending)
		}
	}
	return left
}
