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

// Pruning counts what is installed, and what of it a manifest no longer has.
type Pruning struct{ Stale, Installed int }

// replacement counts what would be pruned, and is true where that is more than
// half of what is installed and was not asked for: the user may have meant to add
// to it. Namespaces do not count.
func (i *Install) replacement(c *checked) (Pruning, bool) {
	counted := func(objects []applyset.Object) int {
		_, others := applyset.Partition(objects, applyset.IsNamespace)
		return len(others)
	}
	pruning := Pruning{counted(c.stale), counted(c.members)}
	return pruning, i.Prune && !i.Replace && 2*pruning.Stale > pruning.Installed
}

// refuseReplacement refuses a replacement about which nobody can be asked.
func (i *Install) refuseReplacement(c *checked) error {
	pruning, replaces := i.replacement(c)
	if !replaces || i.ConfirmPrune != nil {
		return nil
	}
	return &preflight.RefusedError{Failed: []preflight.Result{{
		Name:    "prune",
		Verdict: preflight.Fail,
		Message: fmt.Sprintf("%s lacks %d of the %d objects of %s that are installed in namespace %s, and would delete them",
			c.manifest.What, pruning.Stale, pruning.Installed, c.inventory.Recorded.Source, i.Namespace.Name),
		Remedy: "delete them with --prune, keep them with --prune=false, or choose another namespace with -n",
	}}}
}

// reportStale lists, before the first write, what the manifest does not have any
// more.
func (i *Install) reportStale(c *checked) {
	if len(c.stale) == 0 {
		return
	}
	listed := event.Leftover{Prune: i.Prune}
	for _, object := range c.stale {
		listed.Objects = append(listed.Objects, object.Ref)
	}
	i.Sink(listed)
}

// prune takes away what the manifest does not have any more, and then narrows
// the inventory to what is there.
func (i *Install) prune(ctx context.Context, c *checked) ([]Result, error) {
	defer cluster.Trace(ctx, "prune")()
	if !i.Prune {
		return nil, nil // the inventory still covers them
	}
	var results []Result
	withheld := applyset.RecordOf(c.manifest.What, c.withheldMembers)
	withheld.Objects = nil // which nobody has to keep
	remains := recordOf(c.manifest, c.targets).Union(withheld)
	if len(c.stale) > 0 {
		if err := i.discoverAll(ctx, c.resolved); err != nil {
			return nil, err
		}
		r := i.pruning(ctx, c.resolved)
		planned, err := i.planPrune(ctx, c, r)
		if err != nil {
			return nil, err
		}
		removed, kept, err := r.Run(ctx, planned)
		results = pruned(c.stale, removed)
		if err != nil {
			return results, err
		}
		for _, kept := range kept {
			i.Sink(event.Kept{Object: kept.Ref, Why: kept.Why})
			if !kept.Claimed {
				remains = remains.Union(applyset.RecordOf(c.manifest.What, []applyset.Object{kept.Object}))
			}
		}
		if err := r.Release(ctx, claimedOf(kept)); err != nil {
			return results, err
		}
	}
	if c.engine.DryRun {
		return results, nil
	}
	err := c.inventory.Parent.Write(ctx, remains)
	if errors.Is(err, applyset.ErrChanged) {
		// What another program has written may cover more, which does no harm.
		if now, found, readErr := c.inventory.Parent.Read(ctx); readErr == nil && found && now.Covers(remains) {
			err = nil
		}
	}
	return results, err
}

// planPrune says which leftovers go. They were found before the apply, and are
// listed again: one may be somebody else's now.
func (i *Install) planPrune(ctx context.Context, c *checked, r *uninstall.Remover) (uninstall.Plan, error) {
	leftovers := c.stale
	if !r.DryRun {
		members, err := c.inventory.Members(ctx, i.Cluster.Metadata, c.kinds, c.inventory.Recorded)
		if err != nil {
			return uninstall.Plan{}, err
		}
		leftovers = applyset.Intersect(members, leftovers)
	}
	return r.Survey(ctx, leftovers, applyset.UIDs(leftovers))
}

// claimedOf returns those that are kept because they belong to another tool: they
// are no members any more.
func claimedOf(kept []uninstall.Kept) []uninstall.Kept {
	return slices.DeleteFunc(slices.Clone(kept), func(one uninstall.Kept) bool { return !one.Claimed })
}

// pruning removes what is of the inventory.
func (i *Install) pruning(ctx context.Context, c *resolved) *uninstall.Remover {
	return &uninstall.Remover{
		Cluster:   i.Cluster,
		Rights:    preflight.NewRights(ctx, i.Cluster.Authorization),
		Kinds:     c.kinds,
		Inventory: c.inventory,
		Sink:      i.Sink,
		DryRun:    c.engine.DryRun,
	}
}

// pruned returns the results for what was removed.
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
