package demo

import (
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// stagesTold tells of stages one after the other, although they overlap: what
// happens in a later one is held back until those before it are over. It can be
// used by many goroutines.
type stagesTold struct {
	sink   event.Sink
	stages []stage

	mutex sync.Mutex
	// current is the stage that is told of; left counts the batches of each that
	// are not over, and held has what was not told yet.
	current int
	left    []int
	held    [][]event.Event
	// begun tells whether the current stage was told of.
	begun bool
}

// tellStages has nothing to tell yet.
func tellStages(sink event.Sink, stages []stage) *stagesTold {
	told := &stagesTold{sink: sink, stages: stages, left: make([]int, len(stages)), held: make([][]event.Event, len(stages))}
	for n := range told.left {
		told.left[n] = -1 // not known yet
	}
	return told
}

// expect says which batches are going to be finished.
func (t *stagesTold) expect(batches []batch) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, batch := range batches {
		if batch.part == partServed {
			continue
		}
		t.left[batch.stage] = max(t.left[batch.stage], 0) + 1
	}
	t.begin()
}

// of gives where the events of a stage go.
func (t *stagesTold) of(stage int) event.Sink {
	return func(e event.Event) {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		if stage > t.current || !t.begun {
			t.held[stage] = append(t.held[stage], e)
			return
		}
		t.sink(e)
	}
}

// finish says that a batch is over.
func (t *stagesTold) finish(batch batch) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.left[batch.stage]--
	for t.current < len(t.stages) && t.left[t.current] == 0 {
		t.sink(event.WaveFinished{Number: t.current + 1})
		t.next()
	}
}

// stop tells what is still held back, of stages that will not be finished.
func (t *stagesTold) stop() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for t.current < len(t.stages) {
		if len(t.held[t.current]) > 0 {
			t.begin()
		}
		t.current++
		t.begun = false
	}
}

// next goes on with the stage after the current one.
func (t *stagesTold) next() {
	t.current++
	t.begun = false
	t.begin()
}

// begin tells of the current stage, if its time has come: not before what comes
// before it is waited for.
func (t *stagesTold) begin() {
	if t.begun || t.current >= len(t.stages) || t.left[t.current] < 0 {
		return
	}
	t.begun = true
	stage := t.stages[t.current]
	t.sink(event.WaveStarted{Number: t.current + 1, Waves: len(t.stages), Title: stage.turn.title(), Objects: len(stage.targets)})
	for _, e := range t.held[t.current] {
		t.sink(e)
	}
	t.held[t.current] = nil
}
