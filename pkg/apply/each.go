package apply

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/grace"
)

// ErrHalted says that something else has failed, and that therefore not
// everything was begun.
var ErrHalted = errors.New("something else has failed")

// Halt is what engines share that stop together. The zero value is ready; it
// can be used by many goroutines.
type Halt struct {
	mutex  sync.Mutex
	halted bool
	then   []func()
}

// Now has nothing more begun.
func (h *Halt) Now() {
	h.mutex.Lock()
	first := !h.halted
	h.halted = true
	then := h.then
	h.mutex.Unlock()
	if first {
		for _, do := range then {
			do()
		}
	}
}

// Then has something done when it is over; it is called before anything is
// begun.
func (h *Halt) Then(do func()) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.then = append(h.then, do)
}

// Over reports whether nothing more is to be begun.
func (h *Halt) Over() bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.halted
}

// each runs do for 0 to n-1, as many at once as there are slots. After the
// first error, when the context ends, or when halt says so, no more are
// started; those under way are waited for, after the end of the context for
// the grace period. The errors come in the order of the targets, and after them
// the cause of the context's end; without one, and with targets that were not
// started, it is ErrHalted.
func each(ctx context.Context, slots chan struct{}, halt *Halt, n int, do func(ctx context.Context, i int) error) error {
	working, stop := grace.Extend(ctx, patience)
	defer stop()
	if halt == nil {
		halt = &Halt{}
	}
	type failure struct {
		index int
		err   error
	}
	var (
		mutex    sync.Mutex
		failures []failure
		group    sync.WaitGroup
		started  int
	)
	for i := range n {
		slots <- struct{}{}
		if ctx.Err() != nil || halt.Over() {
			<-slots
			break
		}
		started++
		group.Go(func() {
			defer func() { <-slots }()
			if err := do(working, i); err != nil {
				halt.Now()
				if errors.Is(err, context.Cause(working)) || errors.Is(err, working.Err()) {
					return // it was not over when the grace was
				}
				mutex.Lock()
				defer mutex.Unlock()
				failures = append(failures, failure{i, err})
			}
		})
	}
	group.Wait()
	slices.SortFunc(failures, func(a, b failure) int { return cmp.Compare(a.index, b.index) })
	var errs []error
	for _, failure := range failures {
		errs = append(errs, failure.err)
	}
	switch {
	case ctx.Err() != nil:
		errs = append(errs, context.Cause(ctx))
	case len(errs) == 0 && started < n:
		return ErrHalted
	}
	return errors.Join(errs...)
}
