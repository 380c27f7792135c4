package install

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
)

// errPermanent ends a wait for a permanent failure.
var errPermanent = errors.New("permanent failure")

// await waits until the targets run, and tells sink what they wait for. early, if
// any, watches some of them already.
func (i *Install) await(ctx context.Context, targets []ready.Target, early *ready.Watch, sink event.Sink) error {
	var pending []*unstructured.Unstructured
	var awaited []ready.Target
	for _, target := range targets {
		if manifest.IsCRD(target.Object) {
			continue // established before their custom resources were applied
		}
		awaited = append(awaited, target)
		if state, _ := ready.Compute(target.Object); state != ready.Ready || target.Held != "" {
			pending = append(pending, target.Object)
		}
	}
	defer cluster.Trace(ctx, "wait until it runs")()
	sink(event.AwaitingReadiness{Objects: len(pending)})
	err := i.wait(ctx, awaited, pending, early, sink)
	var notReady *ready.NotReadyError
	switch {
	case !errors.As(err, &notReady):
		return err
	case errors.Is(notReady.Cause, errPermanent):
		notReady.Cause = nil
	case notReady.Cause != nil && !errors.Is(notReady.Cause, cluster.ErrTimeout):
		return err // whoever interrupts does not wait for an explanation
	}
	return i.explain(ctx, notReady)
}

// wait waits for all that is awaited and, unless the user wants to wait on,
// gives up when one of those pending is failing permanently.
func (i *Install) wait(ctx context.Context, awaited []ready.Target, pending []*unstructured.Unstructured, early *ready.Watch, sink event.Sink) error {
	if len(pending) == 0 {
		return ready.Wait(ctx, i.Cluster.Dynamic, sink, awaited, early)
	}
	notes := ready.NewNotes(sink)
	tell := func(activity diagnose.Activity) {
		notes.Note(manifest.Ref(activity.Workload), activity.What, activity.Since)
	}
	var grace func(diagnose.Finding) time.Duration
	if !i.FailFast {
		grace = func(diagnose.Finding) time.Duration { return 0 }
	}
	waiting, stop := context.WithCancelCause(ctx)
	var failed []diagnose.Stuck
	var watch sync.WaitGroup
	watch.Go(func() {
		if failed = diagnose.Watch(waiting, i.Cluster.Core, pending, grace, tell); len(failed) > 0 {
			stop(errPermanent)
		}
	})
	err := ready.Wait(waiting, i.Cluster.Dynamic, notes.Sink, awaited, early)
	stop(nil)
	watch.Wait()
	var notReady *ready.NotReadyError
	if errors.As(err, &notReady) && errors.Is(notReady.Cause, errPermanent) {
		notReady.Pending = only(notReady.Pending, failed)
	}
	return err
}

// only leaves those that are failed, or all if they have just recovered.
func only(pending []ready.Pending, failed []diagnose.Stuck) []ready.Pending {
	stuck := map[event.Object]bool{}
	for _, one := range failed {
		stuck[manifest.Ref(one.Workload)] = true
	}
	var left []ready.Pending
	for _, one := range pending {
		if stuck[one.Ref] {
			left = append(left, one)
		}
	}
	if len(left) == 0 {
		return pending
	}
	return left
}

// explain reports why what is not ready is not, as far as its pods say.
func (i *Install) explain(ctx context.Context, notReady *ready.NotReadyError) error {
	unready := &UnreadyError{Cause: notReady.Cause}
	var workloads []*unstructured.Unstructured
	for _, pending := range notReady.Pending {
		workloads = append(workloads, pending.Object)
	}
	all, order := diagnose.Workloads(context.WithoutCancel(ctx), i.Cluster.Core, workloads)
	for _, n := range order {
		pending, findings := notReady.Pending[n], all[n]
		why := pending.Lacks()
		if len(findings) > 0 {
			// They tell better why no pods are made.
			why = pending.Message + "; " + findings[0].String()
			diagnosed := event.Diagnosed{Object: pending.Ref}
			for _, finding := range findings {
				diagnosed.Findings = append(diagnosed.Findings, finding.Display())
			}
			i.Sink(diagnosed)
		}
		unready.Unready = append(unready.Unready, Unready{Object: pending.Ref.String(), Why: why})
	}
	return unready
}
