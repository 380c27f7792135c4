package install

import (
	"context"
	"slices"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// rollout is one run through the phases of an install that was checked.
type rollout struct {
	install *Install
	*checked
	progress *schedule.Progress
	// recorded is set once the inventory covers the targets, and namespace is what
	// was created for it.
	recorded  bool
	namespace event.Object
	// ready are recreated workloads, which were awaited one by one.
	mutex sync.Mutex
	ready map[event.Object]bool
	// begun is set once Install.Beside has had its turn.
	begun bool
}

// apply applies phase after phase. Within a phase each object is applied as soon
// as what it needs exists. The results come in the order of the targets.
func (i *Install) apply(ctx context.Context, c *checked) ([]apply.Result, error) {
	options := schedule.Options{Unrestricted: c.unrestricted}
	if i.Wait && !c.engine.DryRun {
		options.New = func(n int) bool { return c.targets[n].Live == nil }
		options.Present = c.present
	}
	plan := schedule.New(apply.Objects(c.targets), options)
	r := &rollout{install: i, checked: c, progress: schedule.NewProgress(i.Sink, plan.Waves), ready: map[event.Object]bool{}}
	var results []apply.Result
	for _, phase := range plan.Phases {
		stored, err := r.runPhase(ctx, phase, results)
		if results = append(results, stored...); err != nil {
			if len(results) < len(c.targets) {
				i.Sink(event.Stopped{Applied: len(results), Objects: len(c.targets)})
			}
			return results, err
		}
	}
	if !r.begun && i.Beside != nil && !c.engine.DryRun {
		return results, i.Beside.Run(ctx, event.OfObjects(i.Sink))
	}
	return results, nil
}

// runPhase applies a phase and waits until it is ready; before are the results of
// those before it.
func (r *rollout) runPhase(ctx context.Context, phase schedule.Phase, before []apply.Result) ([]apply.Result, error) {
	early := r.watchEarly(ctx, phase)
	defer early.End()
	held := r.beginHold(ctx, phase)
	defer held.close()
	results, err := r.applyPhase(ctx, phase, held)
	if err != nil {
		r.progress.Stop()
		return results, err
	}
	if r.engine.DryRun || !r.install.Wait {
		return results, nil
	}
	awaited := slices.DeleteFunc(pick(r.targets, phase.Await), func(target apply.Target) bool { return r.ready[target.Ref] })
	if len(awaited) == 0 {
		return results, nil
	}
	if held.none() {
		return results, r.install.await(ctx, readiness(awaited, slices.Concat(before, results), nil), early, r.install.Sink)
	}
	results, err = r.awaitHeld(ctx, awaited, before, results, early, held)
	if err != nil {
		r.progress.Stop()
	}
	return results, err
}

// pick returns the targets with some indices.
func pick(targets []apply.Target, indices []int) []apply.Target {
	picked := make([]apply.Target, len(indices))
	for n, index := range indices {
		picked[n] = targets[index]
	}
	return picked
}

// watchEarly begins to watch the workloads that are new, before they are
// written; existing ones may be ready already.
func (r *rollout) watchEarly(ctx context.Context, phase schedule.Phase) *ready.Watch {
	var places []ready.Place
	for _, batch := range phase.Batches {
		if !batch.Runs() || !r.install.Wait || r.engine.DryRun {
			continue
		}
		for _, target := range pick(r.targets, batch.Objects) {
			if state, _ := ready.Compute(target.Object); target.Live == nil && state != ready.Ready {
				places = append(places, ready.Place{Kind: kindOf(target), Resource: target.Resource, Namespace: target.Ref.Namespace})
			}
		}
	}
	if len(places) == 0 {
		return nil
	}
	return ready.Begin(ctx, r.install.Cluster.Dynamic, places)
}

// applyPhase applies the batches of a phase, each when those before it are
// applied. After the first failure no more is begun; requests under way are waited
// for, but not for CRDs to be served. What has to be held is left out.
func (r *rollout) applyPhase(ctx context.Context, phase schedule.Phase, h *held) ([]apply.Result, error) {
	batches := phase.Batches
	r.progress.Expect(batches)
	opened, err := r.record(ctx, batches)
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
			case h.keeps(batch):
			case batch.Serves():
				errs[n] = r.awaitServed(waiting, pick(r.targets, batch.Objects), results[batch.After[0]])
			default:
				results[n], errs[n] = r.applyBatch(ctx, batch, halt)
			}
			if errs[n] != nil {
				halt.Now()
			}
		})
	}
	group.Wait()
	all := append(opened, slices.Concat(results...)...)
	apply.InOrder(all, r.targets)
	return all, apply.FailureOf(ctx, errs)
}

// applyBatch applies the targets of a batch.
func (r *rollout) applyBatch(ctx context.Context, batch schedule.Batch, halt *apply.Halt) ([]apply.Result, error) {
	defer cluster.Trace(ctx, "apply "+batch.String())()
	engine := r.engine.Telling(r.progress.Of(batch.Wave))
	engine.Halt = halt
	targets := slices.DeleteFunc(pick(r.targets, batch.Objects), func(target apply.Target) bool { return target.Ref == r.namespace })
	results, err := r.applyTargets(ctx, engine, targets)
	if err == nil {
		r.progress.Finish(batch)
	}
	return results, err
}

// awaitServed waits until the API server serves what CRDs define.
func (r *rollout) awaitServed(ctx context.Context, targets []apply.Target, results []apply.Result) error {
	if r.engine.DryRun {
		return nil
	}
	defer cluster.Trace(ctx, "CRDs served")()
	wait, end := ready.BeginLongWait(r.install.Sink)
	defer end()
	if err := r.install.established(ctx, r.engine, targets, results, wait.Report); err != nil {
		return err
	}
	return r.install.served(ctx, r.resolved, wait.Report)
}

// record widens the inventory to cover the targets before the first of all
// writes, so that whatever is written can be found again. Only the namespace that
// it lives in comes before it, which carries the inventory's label itself.
func (r *rollout) record(ctx context.Context, batches []schedule.Batch) ([]apply.Result, error) {
	if r.recorded || r.engine.DryRun {
		return nil, nil
	}
	defer cluster.Trace(ctx, "widen the inventory")()
	var results []apply.Result
	var err error
	if home, wave, found := homeOf(r.targets, batches, r.install.Namespace.Name); found && home.Live == nil {
		if results, err = r.engine.Telling(r.progress.Of(wave)).Apply(ctx, []apply.Target{home}); err != nil {
			return results, err
		}
		r.namespace = home.Ref
	}
	if err := r.inventory.Parent.Write(ctx, recordOf(r.manifest, r.targets).Union(r.inventory.Recorded)); err != nil {
		return results, err
	}
	r.recorded = true
	return results, r.install.labelNamespace(ctx)
}

// homeOf returns the namespace of the inventory, if it is among what is applied,
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

// readiness pairs what was stored with where it lives; held says what those wait
// for that are not stored yet.
func readiness(targets []apply.Target, results []apply.Result, held map[event.Object]string) []ready.Target {
	stored := map[event.Object]apply.Result{}
	for _, result := range results {
		stored[result.Ref] = result
	}
	var all []ready.Target
	for _, target := range targets {
		if result, ok := stored[target.Ref]; ok {
			all = append(all, ready.Target{Ref: target.Ref, Resource: target.Resource, Object: result.Stored})
		} else if why := held[target.Ref]; why != "" {
			all = append(all, ready.Target{Ref: target.Ref, Resource: target.Resource, Object: target.Object, Held: why})
		}
	}
	return all
}
