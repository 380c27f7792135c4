// Package schedule owns the order in which objects are applied: waves, which
// people see, and batches, which the API server gets. It asks no cluster.
package schedule

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// Plan is the order of some objects, which it refers to by their indices.
type Plan struct {
	// Waves are in the order in which they are shown.
	Waves []Wave
	// Phases follow one another.
	Phases []Phase
}

// Wave is a group of objects that is shown as one line.
type Wave struct {
	Title   string
	Objects int
}

// Phase is all that is applied before something has to be ready.
type Phase struct {
	Batches []Batch
	// Await are the objects that have to be ready before the next phase begins.
	Await []int
	// Writers are the workloads that write what others need, and Mesh those that
	// have Istio's proxy or run on each node.
	Writers, Mesh []int
}

// Order sorts objects as New wants them. Objects of the same wave stay in the
// order in which they were.
func Order(objects []manifest.Object) []manifest.Object {
	return slices.SortedStableFunc(slices.Values(objects), func(a, b manifest.Object) int {
		return positionOf(a.Unstructured).compare(positionOf(b.Unstructured))
	})
}

// Options are what a plan depends on beside the objects.
type Options struct {
	// Unrestricted says that the user may do everything, so that bindings need not
	// wait for their roles.
	Unrestricted bool
	// New, if set, tells which objects do not exist yet. Workloads among them may
	// wait for what they need.
	New func(index int) bool
	// Present, if set, reports whether every node has an image already. It is asked
	// only where new workloads need something.
	Present func(image string) bool
}

// New plans objects that Order has sorted. Hooks that run before the rest are
// awaited one weight after the other, and so are those that run after it; the
// rest is awaited when all of it is applied.
func New(objects []*unstructured.Unstructured, options Options) Plan {
	var plan Plan
	batcher := batcher{objects: objects, defined: definedBy(objects), order: orderOf(objects), Options: options}
	var waves []wave // of the current phase
	var pending []int
	for from := 0; from < len(objects); {
		current := wave{number: len(plan.Waves), position: positionOf(objects[from])}
		to := from
		for ; to < len(objects) && positionOf(objects[to]) == current.position; to++ {
			current.objects = append(current.objects, to)
		}
		waves = append(waves, current)
		plan.Waves = append(plan.Waves, Wave{Title: current.position.title(), Objects: len(current.objects)})
		await := current.objects
		if !current.position.before {
			pending = append(pending, current.objects...)
			if await = pending; to < len(objects) && positionOf(objects[to]).sameRound(current.position) {
				await = nil
			} else {
				pending = nil
			}
		}
		if from = to; len(await) > 0 || to == len(objects) {
			plan.Phases = append(plan.Phases, Phase{
				Batches: batcher.batches(waves),
				Await:   await,
				Writers: batcher.order.of(writers, await),
				Mesh:    batcher.order.of(mesh, await),
			})
			waves = nil
		}
	}
	return plan
}

// wave has the objects of the same position.
type wave struct {
	number   int
	position position
	objects  []int
}

// position is where in the order an object comes.
type position struct {
	// after is true for the hooks that come when everything else is ready, by
	// their weight.
	after  bool
	weight int
	group  Group
	// before is true for hooks that run before the other workloads, by their
	// own weight.
	before       bool
	beforeWeight int
}

// positionOf returns the position of an object. What hooks before the rest refer to,
// such as their ServiceAccounts, comes with its group, which is early enough.
func positionOf(object *unstructured.Unstructured) position {
	hook := manifest.HookOf(object)
	at := position{group: GroupOf(object.GroupVersionKind().GroupKind())}
	switch {
	case hook.Phase == manifest.AfterRest:
		at.after, at.weight = true, hook.Weight
	case hook.Phase == manifest.BeforeRest && at.group == Workloads:
		at.before, at.beforeWeight = true, hook.Weight
	}
	return at
}

func (p position) compare(other position) int {
	return cmp.Or(
		compareBool(p.after, other.after),
		cmp.Compare(p.weight, other.weight),
		cmp.Compare(p.group, other.group),
		compareBool(other.before, p.before),
		cmp.Compare(p.beforeWeight, other.beforeWeight),
	)
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// sameRound reports whether nothing has to be ready between the two.
func (p position) sameRound(other position) bool {
	return p.after == other.after && p.weight == other.weight
}

func (p position) title() string {
	switch {
	case p.after:
		return "post-install hooks: " + p.group.Title()
	case p.before:
		return "pre-install hooks: " + p.group.Title()
	}
	return p.group.Title()
}
