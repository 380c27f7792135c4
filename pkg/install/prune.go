package install

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// replaces refuses to prune all that is installed for a manifest that has
// none of it, unless that was asked for: somebody may have meant to add to it.
func (i *Install) replaces(on *state, members []applyset.Object) error {
	if !i.Prune || i.Replace || len(on.leftovers) == 0 {
		return nil
	}
	kept := slices.ContainsFunc(members, func(member applyset.Object) bool {
		return !applyset.IsNamespace(member) && !slices.ContainsFunc(on.leftovers, func(left applyset.Object) bool { return left.Meta.UID == member.Meta.UID })
	})
	if kept {
		return nil
	}
	return &preflight.RefusedError{Failed: []preflight.Result{{
		Name:    "prune",
		Verdict: preflight.Fail,
		Message: fmt.Sprintf("%s has none of the %d objects of %s that are installed in namespace %s, and would replace them all",
			on.read.What, len(on.leftovers), on.inventory.Recorded.Source, i.Namespace.Name),
		Remedy: "replace them with --prune, keep them with --prune=false, or choose another namespace with -n",
	}}}
}

// tellLeftovers lists, before the first write, what the manifest does not
// have any more.
func (i *Install) tellLeftovers(on *state) {
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
func (i *Install) prune(ctx context.Context, on *state) ([]Result, error) {
	defer cluster.Trace(ctx, "prune")()
	if !i.Prune {
		return nil, nil // the inventory still covers them
	}
	var results []Result
	remains := recordOf(on.read.What, on.targets).Union(applyset.RecordOf(on.read.What, on.spared))
	if len(on.leftovers) > 0 {
		if err := i.complete(ctx, on); err != nil {
			return nil, err
		}
		r := i.pruning(ctx, on)
		planned, err := i.planPrune(ctx, on, r)
		if err != nil {
			return nil, err
		}
		removed, kept, err := r.Run(ctx, planned)
		results = pruned(on.leftovers, removed)
		if err != nil {
			return results, err
		}
		for _, kept := range kept {
			i.Sink(event.Kept{Object: kept.Ref, Why: kept.Why})
			if !kept.Claimed {
				remains = remains.Union(applyset.RecordOf(on.read.What, []applyset.Object{kept.Object}))
			}
		}
		if err := r.Release(ctx, claimedOf(kept)); err != nil {
			return results, err
		}
	}
	if on.engine.DryRun {
		return results, nil
	}
	err := on.inventory.Parent.Write(ctx, remains)
	if errors.Is(err, applyset.ErrChanged) {
		// What another program has written may cover more, which does no harm.
		if now, found, readErr := on.inventory.Parent.Read(ctx); readErr == nil && found && now.Covers(remains) {
			err = nil
		}
	}
	return results, err
}

// planPrune says which leftovers go. They were found before the apply, and are
// listed again: one may be somebody else's now.
func (i *Install) planPrune(ctx context.Context, on *state, r *uninstall.Remover) (uninstall.Plan, error) {
	leftovers := on.leftovers
	if !r.DryRun {
		members, err := on.inventory.Members(ctx, i.Cluster.Metadata, on.kinds, on.inventory.Recorded)
		if err != nil {
			return uninstall.Plan{}, err
		}
		leftovers = applyset.Intersect(members, leftovers)
	}
	return r.Survey(ctx, leftovers, applyset.UIDs(leftovers))
}

// claimedOf gives those that are kept because they belong to another tool: they
// are no members any more.
func claimedOf(kept []uninstall.Kept) []uninstall.Kept {
	return slices.DeleteFunc(slices.Clone(kept), func(one uninstall.Kept) bool { return !one.Claimed })
}

// pruning removes what is of the inventory.
func (i *Install) pruning(ctx context.Context, on *state) *uninstall.Remover {
	return &uninstall.Remover{
		Cluster:   i.Cluster,
		Rights:    preflight.NewRights(ctx, i.Cluster.Authorization),
		Kinds:     on.kinds,
		Inventory: on.inventory,
		Sink:      i.Sink,
		DryRun:    on.engine.DryRun,
	}
}

// pruned gives the results for what was removed.
func pruned(leftovers []applyset.Object, removed []event.Object) []Result {
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
