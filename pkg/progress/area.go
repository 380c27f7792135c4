package progress

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// area is the last lines of a terminal, which are drawn again and again, in
// one write each time. The cursor rests below them. No mode of the terminal is
// ever changed, and the cursor is not hidden: however the program ends, there
// is nothing to put back.
type area struct {
	out     io.Writer
	colours bool
	// reflows says that the terminal rewraps lines when it gets narrower,
	// so that they take more rows than were drawn.
	reflows bool
	// drawn are the lines that are there, and columns is for what width.
	drawn   []line
	columns int
}

// draw replaces the lines, and puts what stays above them.
func (a *area) draw(above string, lines []line, columns int) {
	if above == "" && columns == a.columns && slices.Equal(lines, a.drawn) {
		return
	}
	var b bytes.Buffer
	if up := a.rows(columns); up > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", up) // up, and erase from there on
	}
	b.WriteString(above)
	for _, l := range lines {
		b.WriteString(a.coloured(l))
		b.WriteByte('\n')
	}
	a.drawn, a.columns = lines, columns
	if b.Len() > 0 {
		_, _ = a.out.Write(b.Bytes()) // nothing can report that stderr is gone
	}
}

// spoilt says that something else has been written, such as the echo of Ctrl-C.
func (a *area) spoilt() { a.columns = 0 }

// leave lets the lines be; the next ones are drawn below.
func (a *area) leave() { a.drawn, a.columns = nil, 0 }

// rows returns how many rows the drawn lines take at a width.
func (a *area) rows(columns int) int {
	rows := len(a.drawn)
	if !a.reflows || columns <= 0 {
		return rows
	}
	for _, l := range a.drawn {
		rows += max(0, columnsOf(l.text)-1) / columns
	}
	return rows
}

func (a *area) coloured(l line) string {
	before, after, found := strings.Cut(l.text, l.state)
	if !a.colours || l.state == "" || !found {
		return l.text
	}
	colour := map[tone]int{going: 33, good: 32, bad: 31}[l.tone]
	return fmt.Sprintf("%s\x1b[%dm%s\x1b[39m%s", before, colour, l.state, after)
}
