// Package hold owns when workloads are created that wait for others: for a
// ConfigMap or Secret that their pods need, or for pods whose images a node is to
// pull first.
package hold

import (
	"context"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

const (
	// atMost is how long anything is held, and no longer than half of the time that
	// the context leaves.
	atMost = 2 * time.Minute
	// quiet is how long all that was created has to be ready before it is taken
	// that nobody writes what is missing.
	quiet = 5 * time.Second
	// never is longer than any wait.
	never = 1000 * time.Hour
)

// Group is some workloads that are created together.
type Group struct {
	// Needs are ConfigMaps and Secrets that have to exist before.
	Needs []event.Object
	// Behind are workloads whose pods have to have begun before, and Ready those
	// that have to be ready.
	Behind, Ready []event.Object
}

// Hold knows which groups may be created. Missing and Next are for one goroutine at
// a time, the others for many.
type Hold struct {
	core   typedcorev1.CoreV1Interface
	groups []Group
	needs  *follow.Watches[*metav1.PartialObjectMetadata]
	pods   *follow.Watches[*corev1.Event]
	// watched are the places where pods are.
	watched map[follow.Place]bool
	// unseen are needs of which it is not known whether they exist, and missing
	// those that do not.
	unseen, missing map[event.Object]bool
	// released are groups that wait for nothing more, and given those that Next has
	// returned.
	released, given []bool
	// until is when nothing is held any more.
	until time.Time

	mutex sync.Mutex
	// created is when workloads were created, ready are those that are, and begun
	// is when one of their pods last did something. Where events cannot be watched,
	// blind has the namespace.
	created, begun map[event.Object]time.Time
	ready          map[event.Object]bool
	blind          map[string]bool
	changed        chan struct{}
}

// Begin watches what the groups need. Close ends all that a Hold has begun.
func Begin(ctx context.Context, core typedcorev1.CoreV1Interface, metadata metadata.Interface, groups []Group) *Hold {
	h := &Hold{
		core:     core,
		groups:   groups,
		needs:    follow.NewWatches[*metav1.PartialObjectMetadata](ctx),
		pods:     follow.NewWatches[*corev1.Event](ctx),
		watched:  map[follow.Place]bool{},
		unseen:   map[event.Object]bool{},
		missing:  map[event.Object]bool{},
		released: make([]bool, len(groups)),
		given:    make([]bool, len(groups)),
		created:  map[event.Object]time.Time{},
		begun:    map[event.Object]time.Time{},
		ready:    map[event.Object]bool{},
		blind:    map[string]bool{},
		changed:  make(chan struct{}, 1),
	}
	for _, group := range groups {
		for _, need := range group.Needs {
			h.unseen[need] = true
		}
	}
	h.watchNeeds(metadata)
	return h
}

// Close ends all watches and waits for that.
func (h *Hold) Close() {
	h.needs.Close()
	h.pods.Close()
}

// Missing reports whether anything does not exist that a group needs, as soon as
// that is known.
func (h *Hold) Missing(ctx context.Context) bool {
	patient := time.NewTimer(quiet)
	defer patient.Stop()
	for len(h.unseen) > 0 {
		select {
		case seen := <-h.needs.Seen:
			h.seeNeed(seen)
		case <-patient.C:
			clear(h.unseen) // nobody is to wait for what cannot be watched
		case <-ctx.Done():
			return false
		}
	}
	return len(h.missing) > 0
}

// Created takes in that a workload was created, by the clock of the server, or was
// there already.
func (h *Hold) Created(workload event.Object, at time.Time, ready bool) {
	h.change(func() {
		h.created[workload] = at
		h.ready[workload] = h.ready[workload] || ready
	})
}

// Ready takes in that an object is ready.
func (h *Hold) Ready(object event.Object) { h.change(func() { h.ready[object] = true }) }

func (h *Hold) change(how func()) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	how()
	select {
	case h.changed <- struct{}{}:
	default: // it is known already that there is something
	}
}

// Next returns the groups that may be created now, as soon as there are some, in
// order. It returns none when all were returned, or the context ends.
func (h *Hold) Next(ctx context.Context) []int {
	h.watchPods()
	if h.until.IsZero() {
		h.until = until(ctx)
	}
	bound := time.NewTimer(time.Until(h.until))
	defer bound.Stop()
	calm := time.NewTimer(never)
	defer calm.Stop()
	still := false
	for slices.Contains(h.given, false) {
		if open := h.open(); len(open) > 0 {
			return open
		}
		if now := h.allReady(); now != still {
			calm.Reset(map[bool]time.Duration{true: quiet, false: never}[now])
			still = now
		}
		select {
		case <-ctx.Done():
			return nil
		case seen := <-h.needs.Seen:
			h.seeNeed(seen)
		case seen := <-h.pods.Seen:
			h.seePod(seen)
		case <-h.changed:
		case <-calm.C:
			h.release()
		case <-bound.C:
			h.releaseAll()
		}
	}
	return nil
}

// until is when nothing is held any more.
func until(ctx context.Context) time.Time {
	left := atMost
	if deadline, bounded := ctx.Deadline(); bounded {
		left = min(left, time.Until(deadline)/2)
	}
	return time.Now().Add(left)
}

// open gives the groups that may be created by now.
func (h *Hold) open() []int {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	var open []int
	for n, group := range h.groups {
		waits := slices.ContainsFunc(group.Needs, h.needed) || slices.ContainsFunc(group.Behind, h.pending) ||
			slices.ContainsFunc(group.Ready, func(workload event.Object) bool { return !h.ready[workload] })
		if !h.given[n] && (h.released[n] || !waits) {
			h.given[n] = true
			open = append(open, n)
		}
	}
	return open
}

func (h *Hold) needed(object event.Object) bool { return h.missing[object] || h.unseen[object] }

// pending reports whether no pod of a workload has begun yet.
func (h *Hold) pending(workload event.Object) bool {
	created, known := h.created[workload]
	if !known {
		return true
	}
	return !h.ready[workload] && !h.blind[workload.Namespace] && h.begun[workload].Before(created)
}

// allReady reports whether all that was created is ready.
func (h *Hold) allReady() bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for workload := range h.created {
		if !h.ready[workload] {
			return false
		}
	}
	return true
}

// release lets the groups go whose pods can start, and all where none is left of
// them: nothing that was created has anything left to do.
func (h *Hold) release() {
	found := false
	for n, group := range h.groups {
		if !h.given[n] && !slices.ContainsFunc(group.Needs, h.needed) {
			h.released[n], found = true, true
		}
	}
	if !found {
		h.releaseAll()
	}
}

func (h *Hold) releaseAll() {
	for n := range h.released {
		h.released[n] = true
	}
}
