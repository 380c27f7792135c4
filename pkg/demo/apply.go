package demo

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
)

// apply applies round after round: all that is applied before something has to
// run. Within a round each object is applied as soon as what it needs is
// there. What was applied comes in the order of the targets.
func (i *Install) apply(ctx context.Context, on *course) ([]apply.Result, error) {
	all := stages(on.targets)
	var results []apply.Result
	stop := func(err error) ([]apply.Result, error) {
		if len(results) < len(on.targets) {
			i.Sink(event.Stopped{Applied: len(results), Objects: len(on.targets)})
		}
		return results, err
	}
	told := tellStages(i.Sink, all)
	defined := definedBy(on.targets)
	first := 0
	for _, round := range rounds(all) {
		batches := batchesOf(round, first, defined, on.mayAll)
		early := i.watchEarly(ctx, on, batches)
		defer early.End()
		stored, err := i.applyRound(ctx, on, batches, told)
		results = append(results, stored...)
		if err != nil {
			told.stop()
			return stop(err)
		}
		first += len(round)
		if on.engine.DryRun {
			continue
		}
		awaited := slices.DeleteFunc(round[len(round)-1].awaited, func(target apply.Target) bool { return on.running[target.Ref] })
		if i.Wait && len(awaited) > 0 {
			if err := i.await(ctx, awaited, results, len(on.targets), early); err != nil {
				return stop(err)
			}
		}
	}
	return results, nil
}

// watchEarly begins to watch the workloads that are new, before they are
// written; those that are there may run already.
func (i *Install) watchEarly(ctx context.Context, on *course, batches []batch) *ready.Watch {
	var places []ready.Place
	for _, batch := range batches {
		if batch.part != partWorkloads || !i.Wait || on.engine.DryRun {
			continue
		}
		for _, target := range batch.targets {
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

// applyRound applies batches, each when those before it are over. After the
// first failure no more is begun; what is under way is waited for, but for
// definitions that are not served yet.
func (i *Install) applyRound(ctx context.Context, on *course, batches []batch, told *stagesTold) ([]apply.Result, error) {
	told.expect(batches)
	opened, err := i.open(ctx, on, batches, told)
	if err != nil {
		return opened, err
	}
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	halt := &apply.Halt{}
	halt.Then(func() { cancel(apply.ErrHalted) })
	results, errs := make([][]apply.Result, len(batches)), make([]error, len(batches))
	over := make([]chan struct{}, len(batches))
	for n := range over {
		over[n] = make(chan struct{})
	}
	var group sync.WaitGroup
	for n, batch := range batches {
		group.Go(func() {
			defer close(over[n])
			for _, before := range batch.after {
				<-over[before]
			}
			switch {
			case ctx.Err() != nil || halt.Over():
				return
			case batch.part == partServed:
				errs[n] = i.awaitServed(waiting, on, batch.targets, results[batch.after[0]])
			default:
				results[n], errs[n] = i.applyBatch(ctx, on, batch, halt, told)
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
func (i *Install) applyBatch(ctx context.Context, on *course, batch batch, halt *apply.Halt, told *stagesTold) ([]apply.Result, error) {
	defer phase(ctx, "apply "+batch.part.String())()
	engine := on.engine.Telling(told.of(batch.stage))
	engine.Halt = halt
	targets := slices.DeleteFunc(batch.targets, func(target apply.Target) bool { return target.Ref == on.opened })
	results, err := i.applyMembers(ctx, on, engine, targets)
	if err == nil {
		told.finish(batch)
	}
	return results, err
}

// awaitServed waits until what definitions define is served.
func (i *Install) awaitServed(ctx context.Context, on *course, targets []apply.Target, results []apply.Result) error {
	if on.engine.DryRun {
		return nil
	}
	defer phase(ctx, "definitions served")()
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
func (i *Install) open(ctx context.Context, on *course, batches []batch, told *stagesTold) ([]apply.Result, error) {
	if on.widened || on.engine.DryRun {
		return nil, nil
	}
	defer phase(ctx, "widen the inventory")()
	var results []apply.Result
	var err error
	if home, stage, found := homeOf(batches, i.Namespace.Name); found && home.Live == nil {
		if results, err = on.engine.Telling(told.of(stage)).Apply(ctx, []apply.Target{home}); err != nil {
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
// and the stage that it belongs to.
func homeOf(batches []batch, name string) (home apply.Target, stage int, found bool) {
	for _, batch := range batches {
		for _, target := range batch.targets {
			if manifest.IsNamespace(target.Object) && target.Ref.Name == name {
				return target, batch.stage, true
			}
		}
	}
	return apply.Target{}, 0, false
}

func (i *Install) widen(ctx context.Context, on *course) error {
	return on.book.parent.Write(ctx, setOf(on.read.What, on.targets).Union(on.book.before))
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
