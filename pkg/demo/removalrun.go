package demo

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

// removalRun is a removal under way.
type removalRun struct {
	*removal
	// cut is what is planned for each step.
	cut map[step][]inventory.Object
	// ours are the objects of the plan that are not kept.
	ours map[types.UID]bool
	// numbers are those of the steps, as they are told, and all is how many
	// there are.
	numbers map[step]int
	all     int

	mutex   sync.Mutex
	removed map[step][]event.Object
	kept    []Kept
	errs    map[step]error
}

// run removes a plan's objects and gives those that are gone. What has come to
// hold something of the user's meanwhile is kept. The steps follow one another,
// but for definitions: nothing is left that would use them once the workloads
// are on their way, and they go while the pods do.
func (r *removal) run(ctx context.Context, planned plan) (removed []event.Object, kept []Kept, err error) {
	if !r.dryRun && r.stale {
		// An object may be somebody else's now.
		members, err := r.list(ctx)
		if err != nil {
			return nil, planned.kept, err
		}
		planned.objects = still(planned.objects, members)
	}
	run := &removalRun{
		removal: r,
		cut:     planned.cut(),
		ours:    uidsOf(planned.objects),
		numbers: map[step]int{},
		all:     countSteps(planned.cut()),
		removed: map[step][]event.Object{},
		kept:    planned.kept,
		errs:    map[step]error{},
	}
	for _, at := range steps {
		if len(run.cut[at]) > 0 {
			run.numbers[at] = len(run.numbers) + 1
		}
	}
	if run.step(ctx, removeAdmission, r.sink, nil) && run.step(ctx, removeCustom, r.sink, nil) && run.workloadsAndDefinitions(ctx) {
		run.step(ctx, removeNamespaces, r.sink, nil)
	}
	var errs []error
	for _, at := range steps {
		removed = append(removed, run.removed[at]...)
		errs = append(errs, run.errs[at])
	}
	return removed, run.kept, errors.Join(errs...)
}

// workloadsAndDefinitions removes definitions beside what comes before them, once
// all workloads are let go; meanwhile they are looked into. It is told as if one
// came after the other.
func (r *removalRun) workloadsAndDefinitions(ctx context.Context) bool {
	told := &delayed{sink: r.sink}
	looking, stop := context.WithCancel(ctx)
	defer stop()
	var again plan
	var failed error
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		again, failed = r.look(looking, removeDefinitions)
	}()
	var beside sync.WaitGroup
	accepted, defined := false, true
	going := make(chan bool, 2)
	accept := sync.OnceFunc(func() {
		accepted = true
		beside.Go(func() {
			<-looked
			if failed == nil && time.Since(again.asOf) > recent {
				again, failed = r.look(ctx, removeDefinitions)
			}
			letGo := func(still []remove.Stuck) { going <- allEnd(still) }
			defined = r.take(ctx, removeDefinitions, again, failed, told.take, letGo)
			going <- defined
		})
	})
	ok := r.step(ctx, removeWorkloads, r.sink, func([]remove.Stuck) { accept() })
	if ok {
		accept() // where there are no workloads
		ok = r.step(ctx, removeConfiguration, r.sink, nil)
	}
	told.release()
	if ok && <-going && r.forget != nil && !r.dryRun && !r.purge && len(r.cut[removeNamespaces]) == 0 {
		_ = r.forget() // told at the end
	}
	beside.Wait()
	if !accepted {
		stop()
		<-looked
		r.note(removeDefinitions, nil, again.kept, nil)
	}
	return ok && defined
}

// allEnd tells whether what is deleted needs nobody any more to be gone.
func allEnd(still []remove.Stuck) bool {
	return !slices.ContainsFunc(still, func(one remove.Stuck) bool { return !one.EndsByItself() })
}

// step removes the objects of one step, and tells whether it worked. letGo, if
// given, is called when all of them are on their way.
func (r *removalRun) step(ctx context.Context, at step, sink event.Sink, letGo func([]remove.Stuck)) bool {
	again, err := r.look(ctx, at)
	return r.take(ctx, at, again, err, sink, letGo)
}

// look says what is to be removed in a step. Definitions and namespaces it looks
// into once more: of the user's, what was named is gone by then, but what has
// come since was not named.
func (r *removalRun) look(ctx context.Context, at step) (plan, error) {
	members := r.cut[at]
	if len(members) == 0 || at < removeDefinitions || r.dryRun {
		return plan{objects: members}, nil
	}
	strict := *r.removal
	strict.purge, strict.purgeHidden = false, r.purge
	return strict.survey(ctx, members, r.ours)
}

// take removes what a look at a step has given.
func (r *removalRun) take(ctx context.Context, at step, looked plan, err error, sink event.Sink, letGo func([]remove.Stuck)) bool {
	if len(r.cut[at]) == 0 {
		return true
	}
	r.note(at, nil, looked.kept, err)
	if err != nil {
		return false
	}
	for _, kept := range looked.kept {
		delete(r.ours, kept.object.Meta.UID) // what belongs to it stays, too
	}
	members := looked.objects
	if len(members) == 0 {
		return true
	}
	sink(event.RemovalStarted{Number: r.numbers[at], Steps: r.all, Title: at.title(), Objects: len(members)})
	engine := &remove.Engine{Client: r.cluster.Core.RESTClient(), Metadata: r.cluster.Metadata, Sink: sink, DryRun: r.dryRun, LetGo: letGo}
	gone, err := engine.Remove(ctx, removeTargets(members))
	r.note(at, gone, nil, err)
	if err == nil {
		sink(event.RemovalFinished{Number: r.numbers[at]})
	}
	return err == nil
}

func (r *removalRun) note(at step, gone []remove.Target, kept []Kept, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, target := range gone {
		r.removed[at] = append(r.removed[at], target.Ref)
	}
	r.kept = append(r.kept, kept...)
	if err != nil {
		r.errs[at] = err
	}
}

// delayed holds events back until it is released.
type delayed struct {
	sink event.Sink

	mutex    sync.Mutex
	released bool
	held     []event.Event
}

func (d *delayed) take(e event.Event) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if !d.released {
		d.held = append(d.held, e)
		return
	}
	d.sink(e)
}

func (d *delayed) release() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.released = true
	for _, e := range d.held {
		d.sink(e)
	}
	d.held = nil
}
