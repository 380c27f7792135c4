package install

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// recreatePatience is how long a workload that was made anew may take to run
// before the next one is. It may be waiting for that one.
const recreatePatience = time.Minute

var errPatience = errors.New("not ready in time")

// tellRecreated lists, before the first write, what has to be made anew.
func (i *Install) tellRecreated(on *state) {
	var refs []event.Object
	for _, target := range on.targets {
		if target.Recreate {
			refs = append(refs, target.Ref)
		}
	}
	if len(refs) > 0 {
		i.Sink(event.Recreating{Objects: refs})
	}
}

// applyMembers applies targets of a wave at once, but for workloads that have
// to be made anew: these follow one after the other, each when the one before
// it runs, so that never more than one of them is away.
func (i *Install) applyMembers(ctx context.Context, on *state, engine *apply.Engine, members []apply.Target) ([]apply.Result, error) {
	var anew, others []apply.Target
	for _, target := range members {
		if target.Recreate && schedule.GroupOf(kindOf(target)) == schedule.Workloads {
			anew = append(anew, target)
		} else {
			others = append(others, target)
		}
	}
	results, err := engine.Apply(ctx, others)
	if err != nil || len(anew) == 0 {
		return results, err
	}
	for target := range slices.Chunk(anew, 1) {
		stored, err := engine.Apply(ctx, target)
		results = append(results, stored...)
		if err == nil && i.Wait && !on.engine.DryRun {
			i.awaitAnew(ctx, on, readiness(target, stored))
		}
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// awaitAnew waits a while for what was made anew. That it does not run, or not
// yet, is told in the end, with the reason.
func (i *Install) awaitAnew(ctx context.Context, on *state, targets []ready.Target) {
	patient, stop := context.WithTimeoutCause(ctx, recreatePatience, errPatience)
	defer stop()
	var pending []*unstructured.Unstructured
	for _, target := range targets {
		pending = append(pending, target.Object)
	}
	if err := i.wait(patient, targets, pending, nil); err != nil {
		return
	}
	on.runs(targets)
}

// deleteToRecreate deletes the live object of a target and returns when it is
// gone.
func (i *Install) deleteToRecreate(ctx context.Context, target apply.Target) error {
	engine := &remove.Engine{Client: i.Cluster.Core.RESTClient(), Metadata: i.Cluster.Metadata, Sink: event.Discard}
	_, err := engine.Remove(ctx, []remove.Target{{Ref: target.Ref, Resource: target.Resource, UID: target.Live.GetUID()}})
	if err != nil {
		return fmt.Errorf("cannot recreate it: %w", err)
	}
	return nil
}
