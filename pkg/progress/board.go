package progress

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// row is one thing that takes time: a phase, or an object that is waited for.
type row struct {
	// state is one word.
	state string
	tone  tone
	// name says what it is, and detail what it waits for or what became of it.
	name, detail string
	// since is when the detail began, if its time is shown.
	since time.Time
	// began and ended bound its time; ended is zero while it lasts.
	began, ended time.Time
	// object is set where the row is an object's.
	object event.Object
}

// tone is how a state is to be read.
type tone int

const (
	going tone = iota
	good
	bad
)

// board is what a live view shows, as the events have it.
type board struct {
	rows []*row
	// home is the namespace that names need not say.
	home string
	// began is when each object was applied, whose time counts from then.
	began map[event.Object]time.Time
	// checks, applying and removing are the rows of the phases; nil where they
	// have not begun. A prune has one row for all of its steps.
	checks, applying, removing *row
	pruning                    bool
	// dryRun is set where nothing becomes of anything.
	dryRun bool
	wave   event.WaveStarted
	step   event.RemovalStarted
	// done counts in the wave or the step; total in all of them, or in a
	// prune.
	done, total int
}

func newBoard() *board { return &board{began: map[event.Object]time.Time{}, pruning: true} }

// update applies an event and reports whether the board shows it.
func (b *board) update(e event.Event, now time.Time) bool {
	switch e := e.(type) {
	case event.Checked:
		b.end(b.checks, "passed", good, now)
	case event.WaveStarted:
		b.waveStarted(e, now)
	case event.Applied:
		b.applied(e, now)
	case event.WaveFinished:
		b.waveFinished(e, now)
	case event.Stopped:
		b.stopped(e, now)
	case event.RemovalStarted:
		b.removalStarted(e, now)
	case event.Removed:
		b.removed()
	case event.RemovalFinished:
		b.removalFinished(e, now)
	case event.Going:
		b.wait(e.Object, "going", held(e), time.Time{}, now)
	case event.AwaitingReadiness:
		// Each of the objects says for itself what it waits for.
	case event.Waiting:
		b.wait(e.Object, "waiting", e.Message, e.Since, now)
	case event.Ready:
		if found := b.of(e.Object); found != nil {
			found.detail = ""
			b.end(found, "ready", good, now)
		}
	default:
		return false
	}
	return true
}

// notice takes what the board only has to know, and others print.
func (b *board) notice(e event.Event, now time.Time) {
	switch e := e.(type) {
	case event.Started:
		b.home, b.dryRun = e.Namespace, e.DryRun != event.DryRunNone
		if e.DryRun != event.DryRunClient {
			b.checks = b.add(&row{state: "running", name: "checks", began: now})
		}
	case event.Uninstalling:
		b.home, b.pruning, b.dryRun = e.Namespace, false, e.DryRun != event.DryRunNone
	case event.Diagnosed:
		if found := b.of(e.Object); found != nil {
			b.end(found, "failed", bad, now)
		}
	case event.Finished, event.Uninstalled:
		b.end(b.removing, b.became("pruned"), good, now)
	}
}

func (b *board) waveStarted(e event.WaveStarted, now time.Time) {
	if b.applying == nil {
		b.applying = b.add(&row{state: "running", began: now})
	}
	b.wave, b.done = e, 0
	b.total += e.Objects
	b.countApplied()
}

func (b *board) countApplied() {
	b.applying.name = fmt.Sprintf("[%d/%d] %s", b.wave.Number, b.wave.Waves, b.wave.Title)
	b.applying.detail = fmt.Sprintf("%d of %d", b.done, b.wave.Objects)
}

func (b *board) applied(e event.Applied, now time.Time) {
	b.drop(func(r *row) bool { return r.object == e.Object && r.state == "going" })
	b.began[e.Object] = now
	b.done++
	if b.applying != nil {
		b.countApplied()
	}
}

func (b *board) waveFinished(e event.WaveFinished, now time.Time) {
	if b.applying != nil && e.Number >= b.wave.Waves {
		b.applying.name, b.applying.detail = count(b.total, "object")+" in "+count(b.wave.Waves, "wave"), ""
		b.end(b.applying, b.became("applied"), good, now)
		b.total = 0
	}
}

func (b *board) stopped(e event.Stopped, now time.Time) {
	if b.applying == nil {
		b.applying = b.add(&row{began: now})
	}
	b.applying.name, b.applying.detail = fmt.Sprintf("%d of %s applied", e.Applied, count(e.Objects, "object")), ""
	b.end(b.applying, "stopped", bad, now)
}

func (b *board) removalStarted(e event.RemovalStarted, now time.Time) {
	if b.removing == nil || !b.pruning {
		b.removing = b.add(&row{state: "running", began: now})
	}
	b.step, b.done = e, 0
	b.removing.name = fmt.Sprintf("[%d/%d] %s", e.Number, e.Steps, e.Title)
	b.removing.detail = fmt.Sprintf("0 of %d", e.Objects)
}

func (b *board) removed() {
	b.done++
	if b.removing == nil {
		return
	}
	b.removing.detail = fmt.Sprintf("%d of %d", b.done, b.step.Objects)
	if b.done >= b.step.Objects {
		b.removing.detail = "waiting for deletion"
	}
}

func (b *board) removalFinished(e event.RemovalFinished, now time.Time) {
	b.drop(func(r *row) bool { return r.state == "going" })
	b.total += b.done
	switch {
	case b.removing == nil:
	case !b.pruning:
		b.removing.name, b.removing.detail = b.step.Title, count(b.done, "object")
		b.end(b.removing, b.became("removed"), good, now)
	case e.Number >= b.step.Steps:
		b.removing.name, b.removing.detail = count(b.total, "object")+" of an earlier install", ""
		b.end(b.removing, b.became("pruned"), good, now)
	}
}

// wait says what an object waits for.
func (b *board) wait(object event.Object, state, message string, since, now time.Time) {
	found := b.of(object)
	if found == nil {
		name := object
		if name.Namespace == b.home {
			name.Namespace = ""
		}
		began, known := b.began[object]
		if !known {
			began = now
		}
		found = b.add(&row{name: strings.ToLower(name.Kind) + "/" + name.Path(), began: began, object: object})
	}
	found.state, found.tone, found.detail, found.since, found.ended = state, going, message, since, time.Time{}
}

// of returns an object's row, or nil.
func (b *board) of(object event.Object) *row {
	for _, r := range b.rows {
		if r.object == object && object != (event.Object{}) {
			return r
		}
	}
	return nil
}

func (b *board) add(r *row) *row {
	b.rows = append(b.rows, r)
	return r
}

func (b *board) drop(gone func(*row) bool) {
	var left []*row
	for _, r := range b.rows {
		if !gone(r) {
			left = append(left, r)
		}
	}
	b.rows = left
}

// became returns what became of objects, or not in a dry run.
func (b *board) became(state string) string {
	if b.dryRun {
		return "checked"
	}
	return state
}

// halt ends the phase in which something went wrong.
func (b *board) halt(now time.Time) {
	for _, r := range []*row{b.checks, b.applying, b.removing} {
		b.end(r, "stopped", bad, now)
	}
}

// end ends a row that has not ended yet.
func (b *board) end(r *row, state string, how tone, now time.Time) {
	if r == nil || !r.ended.IsZero() {
		return
	}
	r.state, r.tone, r.ended = state, how, now
}

// held says what holds an object that is deleted.
func held(e event.Going) string {
	if len(e.Finalizers) == 0 {
		return "waiting for deletion"
	}
	return "held by finalizer " + strings.Join(e.Finalizers, ", ")
}
