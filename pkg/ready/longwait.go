package ready

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// reportAfter is how long the wait for CRDs may take before it is reported. One API
// server takes well under a second, several take five.
const reportAfter = 7 * time.Second

// LongWait reports what is waited for, once that has lasted for a while.
type LongWait struct {
	sink event.Sink

	mutex sync.Mutex
	long  bool
	// waiting is what each object waits for.
	waiting map[event.Object]event.Waiting
}

// BeginLongWait begins to count; nothing is reported after end.
func BeginLongWait(sink event.Sink) (w *LongWait, end func()) {
	w = &LongWait{sink: sink, waiting: map[event.Object]event.Waiting{}}
	over := make(chan struct{})
	var counting sync.WaitGroup
	counting.Go(func() {
		timer := time.NewTimer(reportAfter)
		defer timer.Stop()
		select {
		case <-timer.C:
			w.reportAll()
		case <-over:
		}
	})
	return w, func() {
		close(over)
		counting.Wait()
	}
}

// reportAll reports what is waited for by now.
func (w *LongWait) reportAll() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.long = true
	var all []event.Waiting
	for _, one := range w.waiting {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b event.Waiting) int { return cmp.Compare(a.Object.Name, b.Object.Name) })
	for _, one := range all {
		w.sink(one)
	}
}

// Report takes in what objects wait for, as often as one likes, and that they are
// ready.
func (w *LongWait) Report(e event.Event) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch e := e.(type) {
	case event.Waiting:
		if w.waiting[e.Object] == e {
			return
		}
		w.waiting[e.Object] = e
	case event.Ready:
		if _, waited := w.waiting[e.Object]; !waited {
			return
		}
		delete(w.waiting, e.Object)
	}
	if w.long {
		w.sink(e)
	}
}
