package demo

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// turn is when an object is applied: those of the same turn at once.
type turn struct {
	// after is true for the hooks that come when everything else runs, and
	// weight parts them into rounds.
	after  bool
	weight int
	wave   apply.Wave
	// before is true for hooks that run before the other workloads, in the
	// order of their own weights.
	before       bool
	beforeWeight int
}

// turnOf gives an object its turn. What hooks before the rest refer to, such
// as their accounts, comes with its wave, which is early enough.
func turnOf(object *unstructured.Unstructured) turn {
	hook := manifest.HookOf(object)
	its := turn{wave: apply.WaveOf(object.GroupVersionKind().GroupKind())}
	switch {
	case hook.Phase == manifest.AfterRest:
		its.after, its.weight = true, hook.Weight
	case hook.Phase == manifest.BeforeRest && its.wave == apply.Workloads:
		its.before, its.beforeWeight = true, hook.Weight
	}
	return its
}

func (t turn) compare(other turn) int {
	return cmp.Or(
		first(other.after, t.after),
		cmp.Compare(t.weight, other.weight),
		cmp.Compare(t.wave, other.wave),
		first(t.before, other.before),
		cmp.Compare(t.beforeWeight, other.beforeWeight),
	)
}

// first is negative if only a is true.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// title says what is applied in the turn.
func (t turn) title() string {
	switch {
	case t.after:
		return "hooks after the rest, " + t.wave.Title()
	case t.before:
		return "hooks before the rest, " + t.wave.Title()
	}
	return t.wave.Title()
}

// stage is what is applied at once.
type stage struct {
	turn    turn
	targets []apply.Target
	// awaited are the targets that have to run before the next stage begins.
	awaited []apply.Target
}

// stages cuts ordered targets into stages. Hooks before the rest are waited for
// at once; the rest, and each round of hooks after it, when all of it is
// applied.
func stages(targets []apply.Target) []stage {
	var all []stage
	var round []apply.Target
	for i, target := range targets {
		its := turnOf(target.Object)
		if len(all) == 0 || all[len(all)-1].turn != its {
			all = append(all, stage{turn: its})
		}
		last := &all[len(all)-1]
		last.targets = append(last.targets, target)
		if its.before {
			last.awaited = last.targets
			continue
		}
		round = append(round, target)
		if i+1 < len(targets) {
			if next := turnOf(targets[i+1].Object); next.after == its.after && next.weight == its.weight {
				continue
			}
		}
		last.awaited, round = round, nil
	}
	return all
}

// ordered sorts by turn and leaves the order within a turn as it was.
func ordered(objects []manifest.Object) []manifest.Object {
	return slices.SortedStableFunc(slices.Values(objects), func(a, b manifest.Object) int {
		return turnOf(a.Unstructured).compare(turnOf(b.Unstructured))
	})
}
