package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// replaces refuses to prune all that is installed for a manifest that has
// none of it, unless that was asked for: somebody may have meant to add to it.
func (i *Install) replaces(on *course, members []inventory.Object) error {
	if !i.Prune || i.Replace || len(on.leftovers) == 0 {
		return nil
	}
	kept := slices.ContainsFunc(members, func(member inventory.Object) bool {
		return !isNamespace(member) && !slices.ContainsFunc(on.leftovers, func(left inventory.Object) bool { return left.Meta.UID == member.Meta.UID })
	})
	if kept {
		return nil
	}
	return &RefusedError{[]preflight.Result{{
		Name:    "prune",
		Verdict: preflight.Fail,
		Message: fmt.Sprintf("%s has none of the %d objects of %s that are installed in namespace %s, and would replace them all",
			on.read.What, len(on.leftovers), on.book.before.Source, i.Namespace.Name),
		Remedy: "replace them with --prune, keep them with --prune=false, or choose another namespace with -n",
	}}}
}

// tellLeftovers lists, before the first write, what the manifest does not
// have any more.
func (i *Install) tellLeftovers(on *course) {
	if len(on.leftovers) == 0 {
		return
	}
	told := event.Leftover{Prune: i.Prune}
	for _, object := range on.leftovers {
		told.Objects = append(told.Objects, object.Ref)
	}
	i.Sink(told)
}

// prune takes away what the manifest does not have any more, and then narrows
// the inventory to what is there.
func (i *Install) prune(ctx context.Context, on *course) ([]Result, error) {
	defer phase(ctx, "prune")()
	if !i.Prune {
		return nil, nil // the inventory still covers them
	}
	var results []Result
	remains := setOf(on.read.What, on.targets).Union(setOfObjects(on.read.What, on.spared))
	if len(on.leftovers) > 0 {
		if err := i.complete(ctx, on); err != nil {
			return nil, err
		}
		r := i.pruning(ctx, on)
		planned, err := i.planPrune(ctx, on, r)
		if err != nil {
			return nil, err
		}
		removed, kept, err := r.run(ctx, planned)
		results = pruned(on.leftovers, removed)
		if err != nil {
			return results, err
		}
		for _, kept := range kept {
			i.Sink(event.Kept{Object: kept.Ref, Why: kept.Why})
			if !kept.claimed {
				remains = remains.Union(setOfObjects(on.read.What, []inventory.Object{kept.object}))
			}
		}
		if err := r.release(ctx, claimedOf(kept)); err != nil {
			return results, err
		}
	}
	if on.engine.DryRun {
		return results, nil
	}
	err := on.book.parent.Write(ctx, remains)
	if errors.Is(err, inventory.ErrChanged) {
		// What another program has written may cover more, which does no harm.
		if now, found, readErr := on.book.parent.Read(ctx); readErr == nil && found && now.Covers(remains) {
			err = nil
		}
	}
	return results, err
}

// planPrune says which leftovers go. They were found before the apply, and are
// listed again: one may be somebody else's now.
func (i *Install) planPrune(ctx context.Context, on *course, r *removal) (plan, error) {
	leftovers := on.leftovers
	if !r.dryRun {
		members, err := on.book.members(ctx, i.Cluster.Metadata, on.kinds, on.book.before)
		if err != nil {
			return plan{}, err
		}
		leftovers = still(members, leftovers)
	}
	return r.survey(ctx, leftovers, uidsOf(leftovers))
}

// claimedOf gives those that are kept because they belong to another tool: they
// are no members any more.
func claimedOf(kept []Kept) []Kept {
	return slices.DeleteFunc(slices.Clone(kept), func(one Kept) bool { return !one.claimed })
}

// pruning removes what is of the inventory.
func (i *Install) pruning(ctx context.Context, on *course) *removal {
	return &removal{
		cluster: i.Cluster,
		rights:  preflight.NewRights(ctx, i.Cluster.Authorization),
		kinds:   on.kinds,
		book:    on.book,
		sink:    i.Sink,
		dryRun:  on.engine.DryRun,
	}
}

// pruned gives the results for what was removed.
func pruned(leftovers []inventory.Object, removed []event.Object) []Result {
	gone := map[event.Object]bool{}
	for _, ref := range removed {
		gone[ref] = true
	}
	var results []Result
	for _, object := range leftovers {
		if gone[object.Ref] {
			stored := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": object.Resource.GroupVersion().String(),
				"kind":       object.Ref.Kind,
			}}
			stored.SetName(object.Ref.Name)
			stored.SetNamespace(object.Ref.Namespace)
			results = append(results, Result{Ref: object.Ref, Stored: stored, Action: event.Pruned})
		}
	}
	return results
}
