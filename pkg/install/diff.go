package install

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// Difference is an object before and after an install.
type Difference struct {
	Ref event.Object
	// Version is that of the API, without the group.
	Version string
	// Live is nil for an object that would be created, Merged for one that
	// would be pruned.
	Live, Merged *unstructured.Unstructured
}

// Diff returns what Run would change, and changes nothing, whatever DryRun says:
// the API server merges each object, with all fields of other managers taken
// over, the fields of controllers left to them, and objects made anew where a
// field cannot be changed. What stays as it is, is left out, and so are existing
// objects that a webhook could not be asked about, with a warning. Whatever it has
// started has ended when it returns, as in Run. Its errors are *InputError, the
// cause of the context's end, and those of the API server.
func (i *Install) Diff(ctx context.Context) ([]Difference, error) {
	i.setDefaults()
	all := *i
	all.DryRun, all.Force, all.Recreate = event.DryRunServer, true, true
	inventory := all.readInventory(ctx)
	defer inventory.close()
	read, err := all.read(ctx)
	if err != nil {
		return nil, cluster.CauseOf(ctx, err)
	}
	for _, warning := range read.Warnings {
		i.Sink(event.Warning{Message: warning})
	}
	differences, err := all.differences(ctx, read, inventory)
	if err != nil {
		return nil, cluster.CauseOf(ctx, err)
	}
	return differences, nil
}

func (i *Install) differences(ctx context.Context, read manifest.Manifest, inventory *pendingInventory) ([]Difference, error) {
	r, err := i.resolve(ctx, read, inventory)
	if err != nil {
		return nil, err
	}
	i.reportUpgrades(r.upgraded, "")
	if r.unread != nil && i.Prune {
		return nil, fmt.Errorf("%w; without it nobody knows what would be pruned: leave that out with --prune=false", r.unread)
	}
	if err := r.engine.Observe(ctx, r.targets); err != nil {
		return nil, i.unserved(ctx, r, err)
	}
	members, err := r.inventory.Members(ctx, i.Cluster.Metadata, r.kinds, r.inventory.Recorded)
	if err != nil {
		return nil, err
	}
	enroll(r.inventory, r.targets)
	markUnverifiable(r.targets)
	unanswered := &silence{}
	r.engine.Unanswered = unanswered.note
	results, err := r.engine.Apply(ctx, r.targets)
	if err != nil {
		return nil, err
	}
	i.warnOfSilence(r, unanswered)
	merged := map[event.Object]*unstructured.Unstructured{}
	for _, result := range results {
		if result.Action != event.Unchanged {
			merged[result.Ref] = result.Stored
		}
	}
	var differences []Difference
	for _, target := range r.targets {
		after, differs := merged[target.Ref]
		if !differs || unanswered.hides(target) {
			continue
		}
		before, _ := target.Live.(*unstructured.Unstructured)
		differences = append(differences, Difference{target.Ref, target.Resource.Version, before, sameCounts(before, after)})
	}
	if !i.Prune {
		return differences, nil
	}
	left, _ := spare(r.withheld, leftovers(members, r.targets), i.Namespace.Name)
	pruned, err := i.wouldPrune(ctx, left, r)
	return append(differences, pruned...), err
}

// sameCounts leaves out what the server counts by itself.
func sameCounts(before, after *unstructured.Unstructured) *unstructured.Unstructured {
	if before == nil {
		return after
	}
	after = after.DeepCopy()
	after.SetGeneration(before.GetGeneration())
	return after
}

// wouldPrune returns what would be taken away, with one request an object, many at
// once.
func (i *Install) wouldPrune(ctx context.Context, members []applyset.Object, r *resolved) ([]Difference, error) {
	if len(members) == 0 {
		return nil, nil
	}
	if err := i.discoverAll(ctx, r); err != nil {
		return nil, err
	}
	planned, err := i.pruning(ctx, r).Survey(ctx, members, applyset.UIDs(members))
	if err != nil {
		return nil, err
	}
	differences := make([]Difference, len(planned.Objects))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(uninstall.Surveyed)
	for n, object := range planned.Objects {
		group.Go(func() error {
			resource := i.Cluster.Dynamic.Resource(object.Resource).Namespace(object.Ref.Namespace)
			live, err := resource.Get(groupCtx, object.Ref.Name, metav1.GetOptions{})
			switch {
			case err == nil:
				differences[n] = Difference{Ref: object.Ref, Version: object.Resource.Version, Live: live}
			case !apierrors.IsNotFound(err):
				return fmt.Errorf("cannot read %s: %w", object.Ref, err)
			}
			return nil
		})
	}
	err = group.Wait()
	return slices.DeleteFunc(differences, func(one Difference) bool { return one.Live == nil }), err
}
