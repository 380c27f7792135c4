package retry

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// recent is how many answers count when it is judged whether a server
	// refuses many: a third of them, and eight at least. Fewer say little: a
	// server also refuses while it begins to serve a kind, and a proxy whatever
	// it likes.
	recent = 64
	share  = 3
	least  = 8
	// proven is how many answers in a row without a refusal it takes, or quiet
	// how long none may come, until more requests may be under way: one more,
	// and each time in a row twice as many more.
	proven = 32
	quiet  = 5 * time.Second
	// unlimited is the limit from which on there is none: nothing here has more
	// requests under way.
	unlimited = 128
)

// gate bounds the requests under way once the server refuses many of them
// because there are too many (429): then no more are let through at a time than
// it was still busy with. Without it, all that were refused would come back at
// the same moment, when the server has said, to be refused again. Later the bound
// rises, and in the end it is gone.
//
// The zero value is ready for use, by many goroutines.
type gate struct {
	mutex sync.Mutex
	// under is how many are under way, and limit how many may be, 0 for any
	// number.
	under, limit int
	// taken and refused are how many of the recent requests were.
	taken, refused int
	// good counts the answers since the limit changed or something was refused,
	// which was at the time of changed; step is what it rises by next.
	good, step int
	changed    time.Time
	// queue are those that wait, the first in front; closing lets one through.
	queue []chan struct{}
}

// answer is what became of a request, as far as a gate cares.
type answer int

const (
	// served is any answer but turnedAway, and unanswered is none.
	served answer = iota
	turnedAway
	unanswered
)

// enter waits until one more request may be under way. Each enter without an
// error needs a leave. The error is the cause of the context's end.
func (g *gate) enter(ctx context.Context) error {
	g.mutex.Lock()
	if g.free() {
		g.under++
		g.mutex.Unlock()
		return nil
	}
	turn := make(chan struct{})
	g.queue = append(g.queue, turn)
	g.mutex.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if n := slices.Index(g.queue, turn); n >= 0 {
		g.queue = slices.Delete(g.queue, n, n+1)
	} else { // its turn came at the same moment
		g.under--
		g.admit()
	}
	return context.Cause(ctx)
}

// leave ends a request, and says what became of it.
func (g *gate) leave(with answer) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.under--
	switch with {
	case served:
		g.count(&g.taken)
		g.rise()
	case turnedAway:
		g.count(&g.refused)
		g.fall()
	case unanswered:
		// Nobody is busy any more, and one after the other they would wait for
		// the same.
		g.limit, g.taken, g.refused = 0, 0, 0
	}
	g.admit()
}

// count counts an answer; those of before count half from time to time.
func (g *gate) count(kind *int) {
	*kind++
	if g.taken+g.refused >= recent {
		g.taken, g.refused = g.taken/2, g.refused/2
	}
}

// rise lets more through where nothing was refused for long enough.
func (g *gate) rise() {
	if g.limit == 0 {
		return
	}
	g.good++
	if g.good < proven && time.Since(g.changed) < quiet {
		return
	}
	g.limit, g.good, g.step, g.changed = g.limit+g.step, 0, 2*g.step, time.Now()
	if g.limit >= unlimited {
		g.limit = 0
	}
}

// fall lets no more through than are under way, if many are refused, and from
// then on one less for each that is.
func (g *gate) fall() {
	switch {
	case g.limit > 0:
		g.limit = max(1, g.limit-1)
	case g.refused >= least && share*g.refused >= g.taken+g.refused:
		g.limit = max(1, g.under)
	}
	g.good, g.step, g.changed = 0, 1, time.Now()
}

// free tells whether one more may be under way.
func (g *gate) free() bool { return g.limit == 0 || g.under < g.limit }

// admit lets through who may go.
func (g *gate) admit() {
	for len(g.queue) > 0 && g.free() {
		g.under++
		close(g.queue[0])
		g.queue = g.queue[1:]
	}
}
