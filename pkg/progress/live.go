package progress

import (
	"bytes"
	"io"
	"os"
	"sync"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Terminal is what a live view is drawn on.
type Terminal struct {
	Out io.Writer
	// Size returns its columns and rows; it is asked at each redraw, and zeroes
	// say that it is not known.
	Size func() (columns, rows int)
	// Foreground reports whether it is the program's to draw on.
	Foreground func() bool
	// Resumed receives when the program continues after a stop, with the cursor
	// wherever others left it; it may be nil.
	Resumed <-chan os.Signal
	// Colours allows them.
	Colours bool
	// Reflows says that the terminal rewraps lines when it gets narrower.
	Reflows bool
}

// Live shows, in the last lines of a terminal, a line for each phase and each
// object that is waited for, and redraws them in place. What the user should
// read stays above them. Events are only taken down; one goroutine draws, so
// that a slow terminal holds nothing up.
type Live struct {
	terminal Terminal

	// mutex guards what the events make of the view.
	mutex sync.Mutex
	board *board
	// above is what was printed and is not yet drawn, and plain prints it.
	above bytes.Buffer
	plain *Plain
	// last is what comes below everything else.
	last   bytes.Buffer
	closed bool
	// asking is set while the user writes an answer; the next event ends it.
	asking bool

	// drawing guards the terminal, and comes before mutex.
	drawing sync.Mutex
	area    area

	stop    chan struct{}
	stopped sync.WaitGroup
}

const (
	// interval is how often the view is redrawn, at most.
	interval = 100 * time.Millisecond
	// pause is between two redraws only if the program was stopped, or had no
	// processor for long.
	pause = time.Second
	// The size of a terminal that does not report it.
	usualColumns, usualRows = 80, 24
)

// NewLive begins to draw; Close ends that.
func NewLive(terminal Terminal) *Live {
	l := &Live{
		terminal: terminal,
		board:    newBoard(),
		area:     area{out: terminal.Out, colours: terminal.Colours, reflows: terminal.Reflows},
		stop:     make(chan struct{}),
	}
	l.plain = l.printTo(&l.above)
	l.stopped.Go(l.run)
	return l
}

// run draws until Close.
func (l *Live) run() {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-l.stop:
			return
		case <-l.terminal.Resumed:
			l.drawing.Lock()
			l.area.leave()
			l.drawing.Unlock()
		case <-ticker.C:
			gap := time.Since(last)
			last = time.Now()
			if gap < pause { // or else the signal that says so may be on its way
				l.draw()
			}
		}
	}
}

// Sink takes events; it may be called from several goroutines.
func (l *Live) Sink(e event.Event) {
	l.mutex.Lock()
	l.asking = false
	switch e.(type) {
	case event.Finished, event.Uninstalled:
		l.board.notice(e, time.Now())
		if !l.closed {
			l.printTo(&l.last).Sink(e)
			break
		}
		l.plain.Sink(e)
	default:
		now := time.Now()
		if l.closed || !l.board.update(e, now) {
			l.board.notice(e, now)
			l.plain.Sink(e)
		}
	}
	l.mutex.Unlock()
	l.flush()
}

// Remark prints lines above the view.
func (l *Live) Remark(text string) {
	l.mutex.Lock()
	l.asking = false
	l.plain.Remark(text)
	l.mutex.Unlock()
	l.flush()
}

// flush draws at once where nothing else does any more.
func (l *Live) flush() {
	l.mutex.Lock()
	closed := l.closed
	l.mutex.Unlock()
	if closed {
		l.draw()
	}
}

// Ask prints a question in the place of the view, which restarts below the
// answer: with the next event.
func (l *Live) Ask(question string) {
	l.draw()
	l.mutex.Lock()
	l.asking = true
	l.mutex.Unlock()
	l.drawing.Lock()
	defer l.drawing.Unlock()
	columns, _ := l.size()
	l.area.draw("", nil, columns)
	l.area.leave()
	l.printTo(l.terminal.Out).Ask(question)
}

// asked reports whether the user is writing an answer.
func (l *Live) asked() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.asking
}

// Fail ends the view and prints an error.
func (l *Live) Fail(message string, exitCode int) {
	l.Close()
	l.drawing.Lock()
	defer l.drawing.Unlock()
	l.printTo(l.terminal.Out).Fail(message, exitCode)
}

// Close draws the view for the last time, all of it, and leaves it on the
// screen with the summary below it.
func (l *Live) Close() {
	l.mutex.Lock()
	closed := l.closed
	l.closed = true
	l.mutex.Unlock()
	if closed {
		return
	}
	close(l.stop)
	l.stopped.Wait()

	l.drawing.Lock()
	defer l.drawing.Unlock()
	if !l.terminal.Foreground() {
		l.area.leave()
	}
	columns, _ := l.size()
	l.mutex.Lock()
	l.board.halt(time.Now())
	lines := layout(l.board.rows, time.Now(), columns, len(l.board.rows))
	above, last := l.above.String(), l.last.String()
	l.above.Reset()
	l.board = newBoard()
	l.mutex.Unlock()
	l.area.spoilt()
	l.area.draw(above, lines, columns)
	l.area.leave()
	l.area.draw(last, nil, columns)
	l.area.leave()
}

// draw draws what there is to draw, if the terminal is the program's.
func (l *Live) draw() {
	l.drawing.Lock()
	defer l.drawing.Unlock()
	if l.asked() {
		return
	}
	foreground := l.terminal.Foreground()
	if !foreground {
		l.area.leave()
	}
	columns, rows := l.size()
	l.mutex.Lock()
	if !foreground && !l.closed {
		l.mutex.Unlock()
		return
	}
	lines := layout(l.board.rows, time.Now(), columns, rows-1)
	above := l.above.String()
	l.above.Reset()
	l.mutex.Unlock()
	l.area.draw(above, lines, columns)
}

// printTo gives a printer of lines that are wrapped to the terminal's width.
func (l *Live) printTo(out io.Writer) *Plain {
	return NewPlain(wrapper{out, func() int {
		columns, _ := l.terminal.Size()
		return columns
	}})
}

func (l *Live) size() (columns, rows int) {
	if columns, rows = l.terminal.Size(); columns > 0 && rows > 0 {
		return columns, rows
	}
	return usualColumns, usualRows
}
