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

// recreatePatience is how long a recreated workload may take to become ready
// before the next one is recreated. It may be waiting for that one.
const recreatePatience = time.Minute

var errPatience = errors.New("not ready in time")

// reportRecreated lists, before the first write, what has to be recreated.
func (i *Install) reportRecreated(c *checked) {
	var refs []event.Object
	for _, target := range c.targets {
		if target.Recreate {
			refs = append(refs, target.Ref)
		}
	}
	if len(refs) > 0 {
		i.Sink(event.Recreating{Objects: refs})
	}
}

// applyTargets applies targets at once, but for workloads that have to be
// recreated: these follow one after the other, each when the one before it is
// ready, so that at most one of them is missing at any time.
func (r *rollout) applyTargets(ctx context.Context, engine *apply.Engine, members []apply.Target) ([]apply.Result, error) {
	var recreated, others []apply.Target
	for _, target := range members {
		if target.Recreate && schedule.GroupOf(kindOf(target)) == schedule.Workloads {
			recreated = append(recreated, target)
		} else {
			others = append(others, target)
		}
	}
	results, err := engine.Apply(ctx, others)
	if err != nil || len(recreated) == 0 {
		return results, err
	}
	for target := range slices.Chunk(recreated, 1) {
		stored, err := engine.Apply(ctx, target)
		results = append(results, stored...)
		if err == nil && r.install.Wait && !r.engine.DryRun {
			r.awaitRecreated(ctx, readiness(target, stored, nil))
		}
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// awaitRecreated waits a while for a recreated workload. Why one is not ready the
// wait at the end says.
func (r *rollout) awaitRecreated(ctx context.Context, targets []ready.Target) {
	patient, stop := context.WithTimeoutCause(ctx, recreatePatience, errPatience)
	defer stop()
	var pending []*unstructured.Unstructured
	for _, target := range targets {
		pending = append(pending, target.Object)
	}
	if err := r.install.wait(patient, targets, pending, nil, r.install.Sink); err != nil {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, target := range targets {
		r.ready[target.Ref] = true
	}
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
