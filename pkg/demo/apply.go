package demo

import (
	"context"
	"slices"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
)

// apply applies stage after stage; what a stage defines is served before the
// next one begins, and what the next ones have to wait for runs.
func (i *Install) apply(ctx context.Context, on *course) ([]apply.Result, error) {
	all := stages(on.targets)
	var results []apply.Result
	stop := func(err error) ([]apply.Result, error) {
		if len(results) < len(on.targets) {
			i.Sink(event.Stopped{Applied: len(results), Objects: len(on.targets)})
		}
		return results, err
	}
	for n, stage := range all {
		i.Sink(event.WaveStarted{Number: n + 1, Waves: len(all), Title: stage.turn.title(), Objects: len(stage.targets)})
		stored, err := i.applyWave(ctx, on, stage.targets)
		results = append(results, stored...)
		if err != nil {
			return stop(err)
		}
		i.Sink(event.WaveFinished{Number: n + 1})
		if on.engine.DryRun {
			continue
		}
		if stage.turn.wave == apply.Definitions {
			if err := i.established(ctx, on.engine, stage.targets, stored); err != nil {
				return results, err
			}
			if err := i.served(ctx, on); err != nil {
				return results, err
			}
		}
		awaited := slices.DeleteFunc(stage.awaited, func(target apply.Target) bool { return on.running[target.Ref] })
		if i.Wait && len(awaited) > 0 {
			if err := i.await(ctx, awaited, results, len(on.targets)); err != nil {
				return stop(err)
			}
		}
	}
	return results, nil
}

// applyWave applies the targets of a wave. Before the first of all writes the
// inventory is widened to cover them, so that whatever happens then, what was
// written can be found again; only the namespace that it lives in comes
// before it, which carries the inventory's label itself.
func (i *Install) applyWave(ctx context.Context, on *course, members []apply.Target) ([]apply.Result, error) {
	if on.widened || on.engine.DryRun {
		return i.applyMembers(ctx, on, members)
	}
	var results []apply.Result
	home := slices.IndexFunc(members, func(target apply.Target) bool {
		return manifest.IsNamespace(target.Object) && target.Ref.Name == i.Namespace.Name
	})
	if home >= 0 && members[home].Live == nil {
		stored, err := on.engine.Apply(ctx, members[home:home+1])
		results = append(results, stored...)
		if err != nil {
			return results, err
		}
		members = slices.Delete(slices.Clone(members), home, home+1)
	}
	if err := on.book.parent.Write(ctx, setOf(on.read.What, on.targets).Union(on.book.before)); err != nil {
		return results, err
	}
	on.widened = true
	if err := i.labelNamespace(ctx); err != nil {
		return results, err
	}
	stored, err := i.applyMembers(ctx, on, members)
	return append(results, stored...), err
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
