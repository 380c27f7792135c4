package install

import (
	"context"
	"errors"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// apply applies phase after phase. Within a phase each object is applied as soon
// as what it needs exists. The results come in the order of the targets.
func (i *Install) apply(ctx context.Context, on *state) ([]apply.Result, error) {
	var results []apply.Result
	stop := func(err error) ([]apply.Result, error) {
		if len(results) < len(on.targets) {
			i.Sink(event.Stopped{Applied: len(results), Objects: len(on.targets)})
		}
		return results, err
	}
	plan := schedule.New(objectsOf(on.targets), on.mayAll)
	progress := showWaves(i.Sink, plan.Waves)
	for _, phase := range plan.Phases {
		early := i.watchEarly(ctx, on, phase)
		defer early.End()
		stored, err := i.applyPhase(ctx, on, phase, progress)
		results = append(results, stored...)
		if err != nil {
			progress.stop()
			return stop(err)
		}
		if on.engine.DryRun {
			continue
		}
		awaited := slices.DeleteFunc(pick(on.targets, phase.Await), func(target apply.Target) bool { return on.running[target.Ref] })
		if i.Wait && len(awaited) > 0 {
			if err := i.await(ctx, awaited, results, len(on.targets), early); err != nil {
				return stop(err)
			}
		}
	}
	return results, nil
}

// objectsOf gives the objects of targets.
func objectsOf(targets []apply.Target) []*unstructured.Unstructured {
	objects := make([]*unstructured.Unstructured, len(targets))
	for n := range targets {
		objects[n] = targets[n].Object
	}
	return objects
}

// pick gives the targets with some indices.
func pick(targets []apply.Target, indices []int) []apply.Target {
	picked := make([]apply.Target, len(indices))
	for n, index := range indices {
		picked[n] = targets[index]
	}
	return picked
}

// watchEarly begins to watch the workloads that are new, before they are
// written; existing ones may be ready already.
func (i *Install) watchEarly(ctx context.Context, on *state, phase schedule.Phase) *ready.Watch {
	var places []ready.Place
	for _, batch := range phase.Batches {
		if !batch.Runs() || !i.Wait || on.engine.DryRun {
			continue
		}
		for _, target := range pick(on.targets, batch.Objects) {
			if state, _ := ready.Compute(target.Object); target.Live == nil && state != ready.Ready {
				places = append(places, ready.Place{Kind: kindOf(target), Resource: target.Resource, Namespace: target.Ref.Namespace})
			}
		}
	}
	if len(places) == 0 {
		return nil
	}
	return ready.Begin(ctx, i.Cluster.Dynamic, places)
}

// applyPhase applies the batches of a phase, each when those before it are
// applied. After the first failure no more is begun; requests under way are waited
// for, but not for CRDs to be served.
func (i *Install) applyPhase(ctx context.Context, on *state, phase schedule.Phase, progress *waveProgress) ([]apply.Result, error) {
	batches := phase.Batches
	progress.expect(batches)
	opened, err := i.open(ctx, on, batches, progress)
	if err != nil {
		return opened, err
	}
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	halt := &apply.Halt{}
	halt.Then(func() { cancel(apply.ErrHalted) })
	results, errs := make([][]apply.Result, len(batches)), make([]error, len(batches))
	applied := make([]chan struct{}, len(batches))
	for n := range applied {
		applied[n] = make(chan struct{})
	}
	var group sync.WaitGroup
	for n, batch := range batches {
		group.Go(func() {
			defer close(applied[n])
			for _, before := range batch.After {
				<-applied[before]
			}
			switch {
			case ctx.Err() != nil || halt.Over():
				return
			case batch.Serves():
				errs[n] = i.awaitServed(waiting, on, pick(on.targets, batch.Objects), results[batch.After[0]])
			default:
				results[n], errs[n] = i.applyBatch(ctx, on, batch, halt, progress)
			}
			if errs[n] != nil {
				halt.Now()
			}
		})
	}
	group.Wait()
	all := append(opened, slices.Concat(results...)...)
	inOrder(all, on.targets)
	return all, failureOf(ctx, errs)
}

// failureOf gives the errors that tell something: not those of what was only
// halted because of another. After the end of the context there is one.
func failureOf(ctx context.Context, errs []error) error {
	failed := errors.Join(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, apply.ErrHalted) })...)
	if failed == nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failed
}

// applyBatch applies the targets of a batch.
func (i *Install) applyBatch(ctx context.Context, on *state, batch schedule.Batch, halt *apply.Halt, progress *waveProgress) ([]apply.Result, error) {
	defer cluster.Trace(ctx, "apply "+batch.String())()
	engine := on.engine.Telling(progress.of(batch.Wave))
	engine.Halt = halt
	targets := slices.DeleteFunc(pick(on.targets, batch.Objects), func(target apply.Target) bool { return target.Ref == on.opened })
	results, err := i.applyMembers(ctx, on, engine, targets)
	if err == nil {
		progress.finish(batch)
	}
	return results, err
}

// awaitServed waits until the API server serves what CRDs define.
func (i *Install) awaitServed(ctx context.Context, on *state, targets []apply.Target, results []apply.Result) error {
	if on.engine.DryRun {
		return nil
	}
	defer cluster.Trace(ctx, "CRDs served")()
	told, end := beginLongWait(i.Sink)
	defer end()
	if err := i.established(ctx, on.engine, targets, results, told.take); err != nil {
		return err
	}
	return i.served(ctx, on, told.take)
}

// open widens the inventory to cover the targets before the first of all
// writes, so that whatever happens then, what was written can be found again.
// Only the namespace that it lives in comes before it, which carries the
// inventory's label itself.
func (i *Install) open(ctx context.Context, on *state, batches []schedule.Batch, progress *waveProgress) ([]apply.Result, error) {
	if on.widened || on.engine.DryRun {
		return nil, nil
	}
	defer cluster.Trace(ctx, "widen the inventory")()
	var results []apply.Result
	var err error
	if home, wave, found := homeOf(on.targets, batches, i.Namespace.Name); found && home.Live == nil {
		if results, err = on.engine.Telling(progress.of(wave)).Apply(ctx, []apply.Target{home}); err != nil {
			return results, err
		}
		on.opened = home.Ref
	}
	if err := i.widen(ctx, on); err != nil {
		return results, err
	}
	on.widened = true
	return results, i.labelNamespace(ctx)
}

// homeOf gives the namespace of the inventory, if it is among what is applied,
// and the wave that it belongs to.
func homeOf(targets []apply.Target, batches []schedule.Batch, name string) (home apply.Target, wave int, found bool) {
	for _, batch := range batches {
		for _, target := range pick(targets, batch.Objects) {
			if manifest.IsNamespace(target.Object) && target.Ref.Name == name {
				return target, batch.Wave, true
			}
		}
	}
	return apply.Target{}, 0, false
}

func (i *Install) widen(ctx context.Context, on *state) error {
	return on.inventory.Parent.Write(ctx, recordOf(on.read.What, on.targets).Union(on.inventory.Recorded))
}

// inOrder sorts results as the targets are.
func inOrder(results []apply.Result, targets []apply.Target) {
	at := map[event.Object]int{}
	for n, target := range targets {
		at[target.Ref] = n
	}
	slices.SortStableFunc(results, func(a, b apply.Result) int { return at[a.Ref] - at[b.Ref] })
}

// readiness pairs what was stored with where it lives.
func readiness(targets []apply.Target, results []apply.Result) []ready.Target {
	stored := map[event.Object]apply.Result{}
	for _, result := range results {
		stored[result.Ref] = result
	}
	var all []ready.Target
	for _, target := range targets {
		if result, ok := stored[target.Ref]; ok {
			all = append(all, ready.Target{Ref: target.Ref, Resource: target.Resource, Object: result.Stored})
		}
	}
	return all
}
