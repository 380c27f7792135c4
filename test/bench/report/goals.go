package report

import (
	"cmp"
	"fmt"
	"slices"
)

// Goal is a ratio of two medians of one run that is to be reached.
type Goal struct {
	Operation Operation
	RTT       int
	// Own is what is measured of ours, or empty for ours as it is typed.
	Own string
	// Theirs is the tool that is compared with, or empty for the fastest of
	// the peers.
	Theirs string
	// AtLeast is how many times as long as ours theirs has to take; or
	// AtMost is which part of theirs ours may take.
	AtLeast, AtMost float64
	// Stretch marks what is wished for and not held to.
	Stretch bool
}

// Goals are all of them that compare times.
var Goals = []Goal{
	{Operation: Install, RTT: 0, Theirs: Istioctl, AtLeast: 5},
	{Operation: Install, RTT: 0, Theirs: Apply, AtLeast: 3},
	{Operation: Install, RTT: 0, Theirs: SSA, AtLeast: 2},
	{Operation: Install, RTT: 50, Theirs: Istioctl, AtLeast: 5},
	{Operation: Install, RTT: 50, Theirs: Apply, AtLeast: 3},
	{Operation: Install, RTT: 50, Theirs: SSA, AtLeast: 2},
	{Operation: Install, RTT: 50, Theirs: Istioctl, AtLeast: 8, Stretch: true},
	{Operation: Install, RTT: 50, Theirs: SSA, AtLeast: 3, Stretch: true},
	{Operation: Install, RTT: 200, Theirs: Istioctl, AtLeast: 6},
	{Operation: Install, RTT: 200, Theirs: Apply, AtLeast: 5},
	{Operation: Install, RTT: 200, Theirs: SSA, AtLeast: 2},
	{Operation: Again, RTT: 50, AtLeast: 3},
	{Operation: Uninstall, RTT: 50, Theirs: Istioctl, AtLeast: 3},
	{Operation: PodsWarm, RTT: 0, Own: Program, Theirs: Get, AtMost: 1},
	{Operation: PodsWarm, RTT: 50, Own: Program, Theirs: Get, AtMost: 1},
	{Operation: PodsWarm, RTT: 200, Own: Program, Theirs: Get, AtMost: 1},
	{Operation: PodsCold, RTT: 0, Own: Program, Theirs: Get, AtMost: 0.6},
	{Operation: PodsCold, RTT: 50, Own: Program, Theirs: Get, AtMost: 0.6},
	{Operation: PodsCold, RTT: 200, Own: Program, Theirs: Get, AtMost: 0.6},
}

// Verdict is what became of a goal.
type Verdict struct {
	Goal
	// Ours and Peer are the medians, in seconds, and Tool is whose the peer's
	// is.
	Ours, Peer float64
	Tool       string
	// Ratio is the one that the goal is about: theirs by ours for AtLeast,
	// ours by theirs for AtMost.
	Ratio   float64
	Reached bool
	// Least is that ratio for bare requests in place of ours, where a goal of
	// installing is not reached and they were measured.
	Least float64
}

// Wanted tells the goal as a condition of the ratio.
func (g Goal) Wanted() string {
	if g.AtMost > 0 {
		return fmt.Sprintf("≤ %.2g", g.AtMost)
	}
	return fmt.Sprintf("≥ %.2g", g.AtLeast)
}

func (g Goal) own() string { return cmp.Or(g.Own, Ours) }

// Judge gives the verdicts on those goals whose two sides were measured.
func (r *Run) Judge() []Verdict {
	var verdicts []Verdict
	for _, goal := range Goals {
		ours, found := r.Find(goal.own(), goal.Operation, goal.RTT)
		theirs, compared := r.peer(goal)
		if found && compared {
			verdict := judge(goal, ours.Seconds, theirs)
			if bare, measured := r.Find(Bare, goal.Operation, goal.RTT); measured && !verdict.Reached {
				verdict.Least = theirs.Seconds / bare.Seconds
			}
			verdicts = append(verdicts, verdict)
		}
	}
	return verdicts
}

// Unjudged gives the goals at measured distances of which a side is missing.
func (r *Run) Unjudged() []Goal {
	var goals []Goal
	for _, goal := range Goals {
		_, found := r.Find(goal.own(), goal.Operation, goal.RTT)
		_, compared := r.peer(goal)
		if slices.Contains(r.RTTs, goal.RTT) && (!found || !compared) {
			goals = append(goals, goal)
		}
	}
	return goals
}

// peer gives the median that a goal compares with.
func (r *Run) peer(goal Goal) (Sample, bool) {
	if goal.Theirs != "" {
		return r.Find(goal.Theirs, goal.Operation, goal.RTT)
	}
	var best Sample
	for _, tool := range Installers[1:] {
		theirs, found := r.Find(tool, goal.Operation, goal.RTT)
		if found && (best.Tool == "" || theirs.Seconds < best.Seconds) {
			best = theirs
		}
	}
	return best, best.Tool != ""
}

// judge compares as the goal says. The ratio is not rounded before.
func judge(goal Goal, ours float64, theirs Sample) Verdict {
	verdict := Verdict{Goal: goal, Ours: ours, Peer: theirs.Seconds, Tool: theirs.Tool}
	if goal.AtMost > 0 {
		verdict.Ratio = ours / theirs.Seconds
		verdict.Reached = verdict.Ratio <= goal.AtMost
		return verdict
	}
	verdict.Ratio = theirs.Seconds / ours
	verdict.Reached = verdict.Ratio >= goal.AtLeast
	return verdict
}
