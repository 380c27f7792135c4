package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measurement is what was measured, in one run or in several.
type measurement struct {
	Date time.Time // of the last run
	// Rates are in MB/s.
	Rates   []float64
	Bytes   sizes
	Samples []timing
}

// sizes are how many bytes have to be pulled until the mesh is ready, and until
// all of it is.
type sizes struct{ Mesh, All int64 }

// timing is how long it took from the command on, in seconds.
type timing struct {
	Tool string
	Rate float64
	// Mesh is until istiod and the gateways are ready, and All until the addons are,
	// too. Page is from another install, with Bookinfo, until its first page came
	// through the gateway.
	Mesh, All, Page float64
}

func (s timing) String() string {
	return fmt.Sprintf("%s at %g MB/s: mesh ready %.1f s, all ready %.1f s, first page %.1f s", s.Tool, s.Rate, s.Mesh, s.All, s.Page)
}

// milestones are the columns.
var milestones = []struct {
	title string
	of    func(timing) float64
}{
	{"mesh ready", func(s timing) float64 { return s.Mesh }},
	{"first page", func(s timing) float64 { return s.Page }},
	{"all ready", func(s timing) float64 { return s.All }},
}

// median is that of a tool's samples at a rate; 0 if there are none.
func (m measurement) median(tool string, rate float64, of func(timing) float64) float64 {
	var found []float64
	for _, s := range m.Samples {
		if s.Tool == tool && s.Rate == rate {
			found = append(found, of(s))
		}
	}
	if len(found) == 0 {
		return 0
	}
	slices.Sort(found)
	return found[len(found)/2]
}

func (m measurement) tools() []string {
	var found []string
	for _, s := range m.Samples {
		if !slices.Contains(found, s.Tool) {
			found = append(found, s.Tool)
		}
	}
	return found
}

func (m measurement) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Measured on %s; medians of the rounds, in which the tools take turns, each on a fresh cluster with one real node. Seconds from the first command on; a factor in brackets compares with `kubectl istio-demo`.\n\n", m.Date.Format(time.DateOnly))
	tools := m.tools()
	fmt.Fprintf(&text, "| images | rounds | until | %s | bytes ÷ rate |\n| --- | --- | --- |%s --- |\n", strings.Join(tools, " | "), strings.Repeat(" --- |", len(tools)))
	for _, rate := range m.Rates {
		for _, milestone := range milestones {
			fmt.Fprintf(&text, "| %s | %s | %s |", pulled(rate), m.rounds(rate), milestone.title)
			ours := m.median(ourName, rate, milestone.of)
			for _, tool := range tools {
				value := m.median(tool, rate, milestone.of)
				switch {
				case value == 0:
					text.WriteString(" – |")
				case tool == ourName || ours == 0:
					fmt.Fprintf(&text, " %.1f |", value)
				default:
					fmt.Fprintf(&text, " %.1f (%.2f×) |", value, value/ours)
				}
			}
			fmt.Fprintf(&text, " %s |\n", m.limit(milestone.title, rate))
		}
	}
	text.WriteString("\n" + m.goals())
	return text.String()
}

// rounds is how often the tools were measured at a rate: "3", or "1 to 3" where
// some were measured more often than others.
func (m measurement) rounds(rate float64) string {
	counts := map[string]int{}
	for _, s := range m.Samples {
		if s.Rate == rate {
			counts[s.Tool]++
		}
	}
	each := slices.Sorted(maps.Values(counts))
	if len(each) == 0 {
		return "0"
	}
	if least, most := each[0], each[len(each)-1]; least != most {
		return fmt.Sprintf("%d to %d", least, most)
	}
	return strconv.Itoa(each[0])
}

func pulled(rate float64) string {
	if rate == 0 {
		return "on the node"
	}
	return fmt.Sprintf("%g MB/s", rate)
}

// limit is how long the bytes alone take.
func (m measurement) limit(milestone string, rate float64) string {
	bytes := map[string]int64{"mesh ready": m.Bytes.Mesh, "all ready": m.Bytes.All}[milestone]
	if rate == 0 || bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", float64(bytes)/rate/1e6)
}

// goals compares with what is wanted.
func (m measurement) goals() string {
	var text strings.Builder
	text.WriteString("| goal | images | ratio | wanted | reached |\n| --- | --- | --- | --- | --- |\n")
	line := func(what string, rate, ours, theirs, wanted float64) {
		if ours == 0 || theirs == 0 {
			return
		}
		reached := "reached"
		if ours/theirs > wanted {
			reached = "**not reached**"
		}
		fmt.Fprintf(&text, "| %s | %s | %.2f | ≤ %g | %s |\n", what, pulled(rate), ours/theirs, wanted, reached)
	}
	wanted := map[float64]struct{ mesh, all, page float64 }{0: {0, 0.6, 0}, 10: {0.8, 1.02, 0.8}, 3: {0.95, 1.02, 0}}
	for _, rate := range m.Rates {
		for n, of := range []float64{wanted[rate].mesh, wanted[rate].page, wanted[rate].all} {
			if of > 0 {
				milestone := milestones[n]
				line(milestone.title+" ÷ istioctl", rate, m.median(ourName, rate, milestone.of), m.median(istioctlName, rate, milestone.of), of)
			}
		}
		if rate == 3 {
			line("all ready ÷ (bytes ÷ rate), slowest run", rate, m.slowest(rate), float64(m.Bytes.All)/rate/1e6, 1.12)
		}
	}
	return text.String()
}

// slowest is our worst time until all is ready.
func (m measurement) slowest(rate float64) float64 {
	worst := 0.0
	for _, s := range m.Samples {
		if s.Tool == ourName && s.Rate == rate {
			worst = max(worst, s.All)
		}
	}
	return worst
}
