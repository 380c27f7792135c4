package progress

import (
	"fmt"
	"time"
)

// The widths of a row's columns; the name's is as wide as the names that a detail
// comes behind, within bounds.
const (
	indentation  = "  "
	stateColumns = 7
	ageColumns   = 5
	mostColumns  = 40
)

// line is a row as it is drawn.
type line struct {
	text string
	// state is the part of the text that may be coloured.
	state string
	tone  tone
}

// layout returns lines for all rows, or for at most so many of them: what still
// goes on comes before what has ended. None is longer than columns, less one:
// terminals do not agree on what a full line does to the cursor.
func layout(rows []*row, now time.Time, columns, most int) []line {
	names := 0
	for _, r := range rows {
		if r.detail != "" {
			names = max(names, columnsOf(Printable(r.name)))
		}
	}
	names = min(names, mostColumns)
	shown := choose(rows, most)
	var lines []line
	for _, r := range shown {
		text := fmt.Sprintf("%s%-*s %*s  %s", indentation, stateColumns, r.state, ageColumns, age(r, now), r.title(names))
		took := r.took(now) // is there also where the rest is cut
		lines = append(lines, line{text: cut(text, columns-1-len(took)) + took, state: r.state, tone: r.tone})
	}
	if more := len(rows) - len(shown); more > 0 && most > 0 {
		lines = append(lines, line{text: cut(fmt.Sprintf("%s%s and %d more", indentation, ellipsis, more), columns-1)})
	}
	return lines
}

// title returns the name and, in a column of its own, the detail.
func (r *row) title(names int) string {
	name := Printable(r.name)
	if r.detail == "" {
		return name
	}
	return pad(name, names) + "  " + Printable(r.detail)
}

// took returns how long the detail is true, where that matters.
func (r *row) took(now time.Time) string {
	if r.since.IsZero() || !r.ended.IsZero() {
		return ""
	}
	return fmt.Sprintf(" (%d s)", int(now.Sub(r.since).Seconds()))
}

// choose gives, in their order, the rows for which there is room, one line
// less than most if there is not enough.
func choose(rows []*row, most int) []*row {
	if len(rows) <= most {
		return rows
	}
	room := max(0, most-1)
	taken := map[*row]bool{}
	for _, over := range []bool{false, true} {
		for _, r := range rows {
			if len(taken) < room && r.ended.IsZero() != over {
				taken[r] = true
			}
		}
	}
	var shown []*row
	for _, r := range rows {
		if taken[r] {
			shown = append(shown, r)
		}
	}
	return shown
}

// age returns whole seconds while a row lasts, so that it does not flicker, and
// tenths once it has ended.
func age(r *row, now time.Time) string {
	if r.ended.IsZero() {
		return now.Sub(r.began).Truncate(time.Second).String()
	}
	took := r.ended.Sub(r.began)
	if took >= time.Minute {
		return took.Round(time.Second).String()
	}
	return fmt.Sprintf("%.1fs", took.Seconds())
}
