package report

import (
	"fmt"
	"slices"
	"strings"
)

// table is a table in Markdown.
type table struct{ text strings.Builder }

// newTable begins one with its header.
func newTable(columns ...string) *table {
	t := &table{}
	t.row(columns...)
	t.row(slices.Repeat([]string{"---"}, len(columns))...)
	return t
}

func (t *table) row(cells ...string) {
	t.text.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// String gives the table.
func (t *table) String() string { return t.text.String() }

// seconds tells a time as precisely as it means something.
func seconds(s float64) string {
	if s >= 10 {
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%.2f s", s)
}

// times tells a ratio.
func times(ratio float64) string {
	if ratio >= 100 {
		return fmt.Sprintf("%.0f×", ratio)
	}
	if ratio >= 10 {
		return fmt.Sprintf("%.1f×", ratio)
	}
	return fmt.Sprintf("%.2f×", ratio)
}

// megabytes and kilobytes tell sizes.
func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }
func kilobytes(bytes int64) string { return fmt.Sprintf("%.0f kB", float64(bytes)/1e3) }

func code(text string) string { return "`" + text + "`" }

// Markdown gives all tables of a run, with what has to be known beside them.
func (r *Run) Markdown(words Words) string {
	parts := []string{
		words.circumstances(r.Circumstances) + " " + fmt.Sprintf(words.Rounds, r.Rounds, r.Objects),
		"![" + words.Picture + "](bench/install.svg)",
		r.timeTable(words),
		r.podsTable(words),
		r.goalTable(words),
		r.leastTable(words),
		r.costTable(words),
		words.Notes,
	}
	if failures := r.Failures(); len(failures) > 0 {
		parts = append(parts, words.Failures+"\n\n- "+strings.Join(failures, "\n- "))
	}
	return strings.Join(parts, "\n\n")
}

// Summary gives the times at the distance in the middle, for README.
func (r *Run) Summary(words Words) string {
	if len(r.RTTs) == 0 {
		return ""
	}
	rtt := r.RTTs[len(r.RTTs)/2]
	columns := []string{fmt.Sprintf(words.Cost, rtt)}
	for _, tool := range Installers {
		columns = append(columns, code(tool))
	}
	t := newTable(columns...)
	for _, operation := range []Operation{Install, Again, Uninstall} {
		t.row(append([]string{words.Operations[operation]}, r.compared(Installers, operation, rtt)...)...)
	}
	return t.String()
}

// timeTable has the times of what installs, and how they compare with ours.
func (r *Run) timeTable(words Words) string {
	columns := []string{words.Medians, "RTT"}
	for _, tool := range Installers {
		columns = append(columns, code(tool))
	}
	t := newTable(columns...)
	for _, operation := range []Operation{Install, Again, Uninstall} {
		for _, rtt := range r.RTTs {
			t.row(append([]string{words.Operations[operation], milliseconds(rtt)}, r.compared(Installers, operation, rtt)...)...)
		}
	}
	return t.String()
}

// podsTable has the times of showing the pods.
func (r *Run) podsTable(words Words) string {
	tools := []string{Ours, Get, Program}
	t := newTable(words.Medians, "RTT", code(Ours+" pods"), code(Get+" pods"), code(Program+" pods"))
	for _, operation := range []Operation{PodsWarm, PodsCold} {
		for _, rtt := range r.RTTs {
			t.row(append([]string{words.Operations[operation], milliseconds(rtt)}, r.compared(tools, operation, rtt)...)...)
		}
	}
	return t.String()
}

// compared gives the cells of a row: a time for the first tool, a time and a
// ratio for the others.
func (r *Run) compared(tools []string, operation Operation, rtt int) []string {
	first, found := r.Find(tools[0], operation, rtt)
	var cells []string
	for i, tool := range tools {
		median, measured := r.Find(tool, operation, rtt)
		switch {
		case !measured:
			cells = append(cells, "–")
		case i == 0 || !found:
			cells = append(cells, seconds(median.Seconds))
		default:
			cells = append(cells, seconds(median.Seconds)+" ("+times(median.Seconds/first.Seconds)+")")
		}
	}
	return cells
}

func milliseconds(rtt int) string { return fmt.Sprintf("%d ms", rtt) }

// goalTable has the verdicts.
func (r *Run) goalTable(words Words) string {
	t := newTable(words.Goal, "RTT", words.OursColumn, words.TheirsColumn, words.Ratio, words.Wanted, words.Reached)
	for _, verdict := range r.Judge() {
		ratio, wanted := words.TheirsByOurs, verdict.Wanted()
		if verdict.AtMost > 0 {
			ratio = words.OursByTheirs
		}
		if verdict.Stretch {
			wanted += " " + words.Stretch
		}
		against := code(verdict.Tool)
		if verdict.Theirs == "" {
			against = fmt.Sprintf(words.BestPeer, against)
		}
		t.row(fmt.Sprintf(words.Against, words.Operations[verdict.Operation], against), milliseconds(verdict.RTT),
			seconds(verdict.Ours), seconds(verdict.Peer), fmt.Sprintf("%s = %.2f", ratio, verdict.Ratio), wanted, words.became(verdict))
	}
	for _, goal := range r.Unjudged() {
		against := code(goal.Theirs)
		if goal.Theirs == "" {
			against = fmt.Sprintf(words.BestPeer, "–")
		}
		t.row(fmt.Sprintf(words.Against, words.Operations[goal.Operation], against), milliseconds(goal.RTT), "–", "–", "–", goal.Wanted(), words.Unmeasured)
	}
	for _, operation := range []Operation{PodsWarm, PodsCold} {
		if requests, counted := r.Requests(Ours, operation); counted {
			theirs, _ := r.Requests(Get, operation)
			t.row(words.Operations[operation]+": "+words.Requests, "–", fmt.Sprint(requests), fmt.Sprint(theirs), "–", "= 1", words.verdict(requests == 1))
		}
	}
	return t.String()
}

// leastTable has what an install takes at the least, and how many times as long
// what people use takes; it is empty where that was not measured.
func (r *Run) leastTable(words Words) string {
	tools := []string{Ours, Apply, SSA}
	columns := []string{words.Least, "RTT", words.Bare}
	for _, tool := range tools {
		columns = append(columns, code(tool))
	}
	t, measured := newTable(columns...), false
	for _, least := range []struct{ tool, until string }{{Bare, words.UntilServed}, {BareRunning, words.UntilRunning}} {
		for _, rtt := range r.RTTs {
			if _, found := r.Find(least.tool, Install, rtt); found {
				t.row(append([]string{least.until, milliseconds(rtt)}, r.compared(append([]string{least.tool}, tools...), Install, rtt)...)...)
				measured = true
			}
		}
	}
	if !measured {
		return ""
	}
	return t.String() + "\n" + words.LeastNotes
}

// costTable has what an operation takes beside time, at the distance in the
// middle.
func (r *Run) costTable(words Words) string {
	if len(r.RTTs) == 0 {
		return ""
	}
	rtt := r.RTTs[len(r.RTTs)/2]
	t := newTable(fmt.Sprintf(words.Cost, rtt), "", words.Peak, words.Requests, words.Sent, words.Received, words.Connections)
	for _, operation := range Operations {
		for _, tool := range append(slices.Clone(Installers), Get, Program) {
			median, found := r.Find(tool, operation, rtt)
			if !found {
				continue
			}
			requests := "–"
			if counted, found := r.Requests(tool, operation); found {
				requests = fmt.Sprint(counted)
			}
			t.row(words.Operations[operation], code(tool), megabytes(median.PeakBytes), requests,
				kilobytes(median.Sent), kilobytes(median.Received), fmt.Sprint(median.Connections))
		}
	}
	return t.String()
}
