package install

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/hold"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// held is what may have to be created while the wait goes on. Nil holds nothing.
type held struct {
	hold *hold.Hold
	// batches are the groups of the hold, and behind them beside, if it is set:
	// what Install.Beside waits for.
	batches []schedule.Batch
	beside  *hold.Group
	// missing decides once whether the batches are held: not if everything exists
	// that any of them needs.
	missing func() bool
	// running is what is beside, while it is installed, and failed its error.
	running sync.WaitGroup
	failed  error
}

// beginHold begins to watch what new workloads of a phase need and the manifest
// does not have.
func (r *rollout) beginHold(ctx context.Context, phase schedule.Phase) *held {
	h := &held{beside: r.besideGroup(phase)}
	var groups []hold.Group
	for _, batch := range phase.Batches {
		if !batch.Waits() {
			continue
		}
		group := hold.Group{Behind: r.refs(batch.Behind), Ready: r.refs(batch.Ready)}
		for _, need := range batch.Needs {
			group.Needs = append(group.Needs, need.Object)
		}
		if batch.Last && h.beside != nil {
			group.Behind = append(group.Behind, r.install.Beside.Workloads...)
		}
		h.batches, groups = append(h.batches, batch), append(groups, group)
	}
	if h.beside != nil {
		groups = append(groups, *h.beside)
	}
	if len(groups) == 0 {
		return nil
	}
	h.hold = hold.Begin(ctx, r.install.Cluster.Core, r.install.Cluster.Metadata, groups)
	h.missing = sync.OnceValue(func() bool { return h.hold.Missing(ctx) })
	return h
}

// refs names the targets with some indices.
func (r *rollout) refs(indices []int) []event.Object {
	var refs []event.Object
	for _, target := range pick(r.targets, indices) {
		refs = append(refs, target.Ref)
	}
	return refs
}

func (h *held) close() {
	if h != nil {
		h.hold.Close()
	}
}

// none reports whether nothing is left for the wait.
func (h *held) none() bool { return h == nil || h.beside == nil && !h.missing() }

// keeps reports whether a batch is held.
func (h *held) keeps(batch schedule.Batch) bool { return batch.Waits() && h != nil && h.missing() }

// awaitHeld waits until a phase is ready, and applies meanwhile what was held.
func (r *rollout) awaitHeld(ctx context.Context, targets []apply.Target, before, results []apply.Result, early *ready.Watch, h *held) ([]apply.Result, error) {
	if !h.missing() { // so that only what is beside is left
		h.close()
		h.batches, h.hold = nil, hold.Begin(ctx, r.install.Cluster.Core, r.install.Cluster.Metadata, []hold.Group{*h.beside})
	}
	awaited := readiness(targets, slices.Concat(before, results), r.reasons(h))
	r.created(h, results)
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var later []apply.Result
	var failed error
	var applying sync.WaitGroup
	applying.Go(func() {
		if later, failed = r.applyHeld(waiting, h); failed != nil {
			stop(apply.ErrHalted)
		}
	})
	err := r.install.await(waiting, awaited, early, func(e event.Event) {
		if ready, is := e.(event.Ready); is {
			h.hold.Ready(ready.Object)
		}
		r.install.Sink(e)
	})
	if err != nil {
		stop(nil)
	}
	applying.Wait()
	h.running.Wait()
	results = append(results, later...)
	apply.InOrder(results, r.targets)
	err = cmp.Or(failed, err)
	if err != nil && errors.Is(h.failed, context.Cause(waiting)) {
		return results, err // what is beside was only ended
	}
	return results, errors.Join(err, h.failed)
}

// applyHeld applies each batch as soon as it may be, and begins what is beside.
func (r *rollout) applyHeld(ctx context.Context, h *held) ([]apply.Result, error) {
	defer cluster.Trace(ctx, "apply what was held")()
	var all []apply.Result
	for next := h.hold.Next(ctx); len(next) > 0; next = h.hold.Next(ctx) {
		for _, n := range next {
			if n == len(h.batches) {
				r.begun = true
				h.running.Go(func() { h.failed = r.runBeside(ctx, h) })
				continue
			}
			results, err := r.applyBatch(ctx, h.batches[n], &apply.Halt{})
			if all = append(all, results...); err != nil {
				return all, err
			}
			r.created(h, results)
		}
	}
	return all, nil
}

// created tells the hold of the workloads among results.
func (r *rollout) created(h *held, results []apply.Result) {
	for _, result := range results {
		if schedule.HasPods(result.Stored) {
			state, _ := ready.Compute(result.Stored)
			h.hold.Created(result.Ref, result.Stored.GetCreationTimestamp().Time, state == ready.Ready)
		}
	}
}

// reasons says of each target that is held what it waits for.
func (r *rollout) reasons(h *held) map[event.Object]string {
	reasons := map[event.Object]string{}
	for _, batch := range h.batches {
		why := batch.Why(func(n int) string { return r.targets[n].Ref.Name })
		for _, target := range pick(r.targets, batch.Objects) {
			reasons[target.Ref] = why
		}
	}
	return reasons
}
