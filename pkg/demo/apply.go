package demo

import (
	"context"
	"slices"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
)

// apply applies wave after wave; what a wave defines is served before the
// next one begins.
func (i *Install) apply(ctx context.Context, on *course) ([]apply.Result, error) {
	engine, targets := on.engine, on.targets
	cut := waves(targets)
	var results []apply.Result
	number := 0
	for _, wave := range apply.Waves {
		members := cut[wave]
		if len(members) == 0 {
			continue
		}
		number++
		i.Sink(event.WaveStarted{Number: number, Waves: len(cut), Title: wave.Title(), Objects: len(members)})
		stored, err := i.applyWave(ctx, on, members)
		results = append(results, stored...)
		if err != nil {
			i.Sink(event.Stopped{Applied: len(results), Objects: len(targets)})
			return results, err
		}
		i.Sink(event.WaveFinished{Number: number})
		if wave == apply.Definitions && !engine.DryRun {
			if err := i.established(ctx, engine, members, stored); err != nil {
				return results, err
			}
			if err := i.served(ctx, on); err != nil {
				return results, err
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
