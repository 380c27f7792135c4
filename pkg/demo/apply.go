package demo

import (
	"context"
	"errors"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
)

// diagnosis bounds the requests that explain a failure, which come after the
// time that the user gave is over.
const diagnosis = 5 * time.Second

// apply applies wave after wave; what a wave defines is served before the
// next one begins.
func (i *Install) apply(ctx context.Context, engine *apply.Engine, targets []apply.Target) ([]apply.Result, error) {
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
		stored, err := engine.Apply(ctx, members)
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
		}
	}
	return results, nil
}

// await waits until everything that was applied runs.
func (i *Install) await(ctx context.Context, targets []apply.Target, results []apply.Result) error {
	pending := 0
	var awaited []ready.Target
	for _, target := range readiness(targets, results) {
		if manifest.IsCRD(target.Object) {
			continue // established before their custom resources were applied
		}
		awaited = append(awaited, target)
		if state, _ := ready.Compute(target.Object); state != ready.Ready {
			pending++
		}
	}
	i.Sink(event.AwaitingReadiness{Objects: pending})
	err := ready.Wait(ctx, i.Cluster.Dynamic, i.Sink, awaited)
	var notReady *ready.NotReadyError
	switch {
	case !errors.As(err, &notReady):
		return err
	case notReady.Cause != nil && !errors.Is(notReady.Cause, ErrTimeout):
		// Whoever interrupts does not wait for an explanation.
		return &InterruptedError{Cause: notReady.Cause, Applied: len(results), Total: len(targets), Waiting: notReady.Error()}
	}
	return i.explain(ctx, notReady)
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

// explain adds to what is not ready why it is not, as far as its pods tell.
func (i *Install) explain(ctx context.Context, notReady *ready.NotReadyError) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), diagnosis)
	defer cancel()
	unready := &UnreadyError{Cause: notReady.Cause}
	for _, pending := range notReady.Pending {
		why := pending.Message
		if found := diagnose.Workload(ctx, i.Cluster.Core, pending.Object); found != "" {
			why += "; " + found
		}
		unready.Unready = append(unready.Unready, Unready{Object: pending.Ref.String(), Why: why})
	}
	return unready
}
