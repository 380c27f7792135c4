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
		planned, err := r.survey(ctx, on.leftovers, uidsOf(on.leftovers))
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
			remains = remains.Union(setOfObjects(on.read.What, []inventory.Object{kept.object}))
		}
	}
	if on.engine.DryRun {
		return results, nil
	}
	err := on.book.parent.Write(ctx, remains)
	if errors.Is(err, inventory.ErrChanged) {
		err = nil // an inventory that covers too much does no harm
	}
	return results, err
}

// pruning takes away what is of the inventory.
func (i *Install) pruning(ctx context.Context, on *course) *removal {
	return &removal{
		cluster:     i.Cluster,
		rights:      preflight.NewRights(ctx, i.Cluster.Authorization),
		definitions: newDefinitions(i.Cluster),
		kinds:       on.kinds,
		book:        on.book,
		sink:        i.Sink,
		dryRun:      on.engine.DryRun,
		stale:       true,
		list:        on.members(i.Cluster),
	}
}

// members lists what the inventory has now.
func (on *course) members(cluster *Cluster) func(context.Context) ([]inventory.Object, error) {
	return func(ctx context.Context) ([]inventory.Object, error) {
		return on.book.members(ctx, cluster, on.kinds, on.book.before)
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
