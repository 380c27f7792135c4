package demo

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

// run removes what a plan says, step by step, and gives what is gone and what
// was kept. Each step looks once more at what it is going to delete, and ends
// when that is gone; after an error no step begins.
func (r *removal) run(ctx context.Context, planned plan) (removed []event.Object, kept []Kept, err error) {
	ours := uidsOf(planned.objects)
	count := 0
	for _, at := range steps {
		count += min(1, len(planned.of(at)))
	}
	number := 0
	kept = planned.kept
	for _, at := range steps {
		if len(planned.of(at)) == 0 {
			continue
		}
		number++
		again, err := r.again(ctx, at, planned, ours)
		kept = append(kept, again.kept...)
		if err != nil {
			return removed, kept, err
		}
		if len(again.objects) == 0 {
			continue
		}
		r.sink(event.RemovalStarted{Number: number, Steps: count, Title: at.title(), Objects: len(again.objects)})
		gone, err := r.engine().Remove(ctx, removeTargets(again.objects))
		for _, target := range gone {
			removed = append(removed, target.Ref)
		}
		if err != nil {
			return removed, kept, err
		}
		r.sink(event.RemovalFinished{Number: number})
	}
	return removed, kept, nil
}

// again surveys what goes in a step. Of the user's objects, those that were named
// go, or are gone by then; what has come since was not named, and keeps its CRD.
func (r *removal) again(ctx context.Context, at step, planned plan, ours map[types.UID]bool) (plan, error) {
	if r.dryRun {
		return plan{objects: planned.of(at)}, nil
	}
	strict := *r
	strict.purge.CRDs, strict.purge.hiddenCRDs = false, r.purge.CRDs
	members, users := split(planned.of(at), func(object inventory.Object) bool { return ours[object.Meta.UID] })
	found, err := strict.survey(ctx, members, ours)
	found.objects = append(found.objects, users...)
	return found, err
}

func (r *removal) engine() *remove.Engine {
	return &remove.Engine{Client: r.cluster.Core.RESTClient(), Metadata: r.cluster.Metadata, Sink: r.sink, DryRun: r.dryRun}
}

func removeTargets(objects []inventory.Object) []remove.Target {
	targets := make([]remove.Target, len(objects))
	for i, object := range objects {
		targets[i] = remove.Target{Ref: object.Ref, Resource: object.Resource, UID: object.Meta.UID}
	}
	return targets
}

// release takes the inventory's label from objects that stay when it goes, so
// that no later uninstall takes them for its own. That it may not be done is told
// and stops nothing.
func (r *removal) release(ctx context.Context, kept []Kept) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(surveyed)
	for _, one := range kept {
		group.Go(func() error {
			// The UID makes it a conflict where it is another object by now.
			patch := fmt.Sprintf(`{"metadata":{"uid":%q,"labels":{%q:null}}}`, one.object.Meta.UID, inventory.PartOf)
			_, err := r.cluster.Metadata.Resource(one.object.Resource).Namespace(one.Ref.Namespace).
				Patch(ctx, one.Ref.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: inventory.Tool})
			switch {
			case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err):
				return nil
			case apierrors.IsForbidden(err):
				r.sink(event.Warning{Message: fmt.Sprintf("%s is kept with the label %s, which you may not remove", one.Ref, inventory.PartOf)})
				return nil
			}
			return fmt.Errorf("cannot remove the label %s from %s: %w", inventory.PartOf, one.Ref, err)
		})
	}
	return group.Wait()
}
