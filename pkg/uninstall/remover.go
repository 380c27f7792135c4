package uninstall

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

// Run removes what a plan says, step by step, and gives what is gone and what
// was kept. Each step looks once more at what it is going to delete, and ends
// when that is gone; after an error no step begins.
func (r *Remover) Run(ctx context.Context, planned Plan) (removed []event.Object, kept []Kept, err error) {
	ours := applyset.UIDs(planned.Objects)
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
		if len(again.Objects) == 0 {
			continue
		}
		r.Sink(event.RemovalStarted{Number: number, Steps: count, Title: at.title(), Objects: len(again.Objects)})
		gone, err := r.engine().Remove(ctx, removeTargets(again.Objects))
		for _, target := range gone {
			removed = append(removed, target.Ref)
		}
		if err != nil {
			return removed, kept, err
		}
		r.Sink(event.RemovalFinished{Number: number})
	}
	return removed, kept, nil
}

// again surveys what goes in a step. Of the user's objects, those that were named
// go, or are gone by then; what has come since was not named, and keeps its CRD.
func (r *Remover) again(ctx context.Context, at step, planned Plan, ours map[types.UID]bool) (Plan, error) {
	if r.DryRun {
		return Plan{Objects: planned.of(at)}, nil
	}
	strict := *r
	strict.purge.CRDs, strict.purge.hiddenCRDs = false, r.purge.CRDs
	members, users := applyset.Partition(planned.of(at), func(object applyset.Object) bool { return ours[object.Meta.UID] })
	found, err := strict.Survey(ctx, members, ours)
	found.Objects = append(found.Objects, users...)
	return found, err
}

func (r *Remover) engine() *remove.Engine {
	return &remove.Engine{Client: r.Cluster.Core.RESTClient(), Metadata: r.Cluster.Metadata, Sink: r.Sink, DryRun: r.DryRun}
}

func removeTargets(objects []applyset.Object) []remove.Target {
	targets := make([]remove.Target, len(objects))
	for i, object := range objects {
		targets[i] = remove.Target{Ref: object.Ref, Resource: object.Resource, UID: object.Meta.UID}
	}
	return targets
}

// Release takes the inventory's label from objects that stay when it goes, so
// that no later uninstall takes them for its own. That it may not be done is told
// and stops nothing.
func (r *Remover) Release(ctx context.Context, kept []Kept) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(Surveyed)
	for _, one := range kept {
		group.Go(func() error {
			// The UID makes it a conflict where it is another object by now.
			patch := fmt.Sprintf(`{"metadata":{"uid":%q,"labels":{%q:null}}}`, one.Object.Meta.UID, applyset.PartOf)
			_, err := r.Cluster.Metadata.Resource(one.Object.Resource).Namespace(one.Ref.Namespace).
				Patch(ctx, one.Ref.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: applyset.ToolName})
			switch {
			case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err):
				return nil
			case apierrors.IsForbidden(err):
				r.Sink(event.Warning{Message: fmt.Sprintf("%s keeps the label %s: no permission to remove it", one.Ref, applyset.PartOf)})
				return nil
			}
			return fmt.Errorf("cannot remove the label %s from %s: %w", applyset.PartOf, one.Ref, err)
		})
	}
	return group.Wait()
}
