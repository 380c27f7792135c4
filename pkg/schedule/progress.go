package schedule

import (
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Progress shows waves one after the other, although they overlap: what
// happens in a later one is held back until those before it are finished. It can
// be used by many goroutines.
type Progress struct {
	sink  event.Sink
	waves []Wave

	mutex sync.Mutex
	// current is the wave that is shown, and started tells whether it is yet.
	current int
	started bool
	// left counts the unfinished batches of each wave, and is negative where these
	// are not known yet; held has the events that are held back.
	left []int
	held [][]event.Event
}

// NewProgress has nothing to show yet.
func NewProgress(sink event.Sink, waves []Wave) *Progress {
	progress := &Progress{sink: sink, waves: waves, left: make([]int, len(waves)), held: make([][]event.Event, len(waves))}
	for n := range progress.left {
		progress.left[n] = -1
	}
	return progress
}

// Expect says which batches are going to be finished.
func (p *Progress) Expect(batches []Batch) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, batch := range batches {
		if !batch.Serves() {
			p.left[batch.Wave] = max(p.left[batch.Wave], 0) + 1
		}
	}
	p.start()
}

// Of returns the sink for the events of a wave.
func (p *Progress) Of(wave int) event.Sink {
	return func(e event.Event) {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if wave > p.current || !p.started {
			p.held[wave] = append(p.held[wave], e)
			return
		}
		p.sink(e)
	}
}

// Finish says that a batch is applied.
func (p *Progress) Finish(batch Batch) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.left[batch.Wave]--
	for p.current < len(p.waves) && p.left[p.current] == 0 {
		p.sink(event.WaveFinished{Number: p.current + 1})
		p.current++
		p.started = false
		p.start()
	}
}

// Stop shows what is still held back, of waves that will not be finished.
func (p *Progress) Stop() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for p.current < len(p.waves) {
		if len(p.held[p.current]) > 0 {
			p.start()
		}
		p.current++
		p.started = false
	}
}

// start shows the current wave, unless what comes before it is still awaited.
func (p *Progress) start() {
	if p.started || p.current >= len(p.waves) || p.left[p.current] < 0 {
		return
	}
	p.started = true
	wave := p.waves[p.current]
	p.sink(event.WaveStarted{Number: p.current + 1, Waves: len(p.waves), Title: wave.Title, Objects: wave.Objects})
	for _, e := range p.held[p.current] {
		p.sink(e)
	}
	p.held[p.current] = nil
}
