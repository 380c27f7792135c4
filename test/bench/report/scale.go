package report

import (
	"fmt"
	"slices"
	"strings"
)

// Applied is how long a tool took for a manifest of so many objects.
type Applied struct {
	Tool    string `json:"tool"`
	Objects int    `json:"objects"`
	// RTT is the round-trip time to the API server, in milliseconds; other
	// clients have none.
	RTT       int     `json:"rtt"`
	Round     int     `json:"round"`
	Seconds   float64 `json:"seconds"`
	PeakBytes int64   `json:"peakBytes"`
	// Get and List are what another client noticed of it meanwhile, in
	// seconds from when a request was due to its answer.
	Get  []float64 `json:"get"`
	List []float64 `json:"list"`
}

// Shown is how long a table of many pods took.
type Shown struct {
	Tool      string  `json:"tool"`
	RTT       int     `json:"rtt"`
	Round     int     `json:"round"`
	First     float64 `json:"first"`
	Last      float64 `json:"last"`
	PeakBytes int64   `json:"peakBytes"`
}

// Ready is the name under which ours is kept where it waits until everything
// runs, which kubectl apply does not.
const Ready = Ours + " --wait"

// Idle is the name under which another client's latency is kept while nothing
// else is under way.
const Idle = "idle"

// Scale is what many objects and many pods take.
type Scale struct {
	Circumstances
	Rounds int   `json:"rounds"`
	Sizes  []int `json:"sizes"`
	// Limit is the most objects that kubectl applies, too.
	Limit int `json:"limit"`
	Pods  int `json:"pods"`
	// RTTs are the round-trip times. Beyond the first, only CompareAt objects
	// are installed.
	RTTs   []int     `json:"rtts"`
	Runs   []Applied `json:"runs"`
	Tables []Shown   `json:"tables"`
}

// CompareAt is the size at which ours has to be Faster times as fast as
// kubectl apply.
const (
	CompareAt = 1000
	Faster    = 5
)

// Case is a manifest at a distance.
type Case struct{ Objects, RTT int }

// Cases are those that are measured.
func (s *Scale) Cases() []Case {
	var cases []Case
	for i, rtt := range s.RTTs {
		for _, size := range s.Sizes {
			if i == 0 || size == CompareAt {
				cases = append(cases, Case{size, rtt})
			}
		}
	}
	return cases
}

// applied gives the medians of the time and the memory, and all latencies.
func (s *Scale) applied(tool string, at Case) (Applied, bool) {
	var times []float64
	var peaks []int64
	found := Applied{Tool: tool, Objects: at.Objects, RTT: at.RTT}
	for _, run := range s.Runs {
		if run.Tool == tool && run.Objects == at.Objects && run.RTT == at.RTT {
			times, peaks = append(times, run.Seconds), append(peaks, run.PeakBytes)
			found.Get, found.List = append(found.Get, run.Get...), append(found.List, run.List...)
		}
	}
	found.Seconds, found.PeakBytes = Median(times), Median(peaks)
	return found, len(times) > 0
}

// ScaleVerdict is what became of a goal about many objects.
type ScaleVerdict struct {
	// What is "seconds" or "bytes" for the growth from one size to the next,
	// and Apply for the comparison.
	What     string
	From, To int
	RTT      int
	// Ratio has to be at most Wanted for a growth, and at least for the
	// comparison.
	Ratio, Wanted float64
	Reached       bool
}

// Judge gives the verdicts: how ours grows, and how it compares.
func (s *Scale) Judge() []ScaleVerdict {
	var verdicts []ScaleVerdict
	var before Applied
	for _, at := range s.Cases() {
		ours, measured := s.applied(Ours, at)
		if !measured {
			continue
		}
		if before.Objects > 0 && before.RTT == at.RTT {
			linear := float64(ours.Objects) / float64(before.Objects)
			slower, larger := ours.Seconds/before.Seconds, float64(ours.PeakBytes)/float64(before.PeakBytes)
			verdicts = append(verdicts,
				ScaleVerdict{"seconds", before.Objects, ours.Objects, at.RTT, slower, linear, slower <= linear},
				ScaleVerdict{"bytes", before.Objects, ours.Objects, at.RTT, larger, linear, larger <= linear})
		}
		before = ours
	}
	for _, at := range s.Cases() {
		ours, found := s.applied(Ours, at)
		theirs, compared := s.applied(Apply, at)
		if at.Objects == CompareAt && found && compared {
			ratio := theirs.Seconds / ours.Seconds
			verdicts = append(verdicts, ScaleVerdict{Apply, CompareAt, CompareAt, at.RTT, ratio, Faster, ratio >= Faster})
		}
	}
	return verdicts
}

// Markdown gives all tables, with what has to be known beside them.
func (s *Scale) Markdown(words Words) string {
	notes := words.ScaleNotes
	if slices.Max(append([]int{0}, s.Sizes...)) > s.Limit {
		notes = fmt.Sprintf(words.ScaleLimit, s.Limit) + "\n\n" + notes
	}
	return strings.Join([]string{
		words.circumstances(s.Circumstances) + " " + fmt.Sprintf(words.ScaleRounds, s.Rounds),
		s.sizeTable(words), s.goalTable(words), s.latencyTable(words), s.podsTable(words), notes,
	}, "\n\n")
}

func (s *Scale) sizeTable(words Words) string {
	t := newTable(words.Objects, "RTT", code(Ours), words.Peak, code(Apply), words.Peak, words.TheirsByOurs, code(Ours+" install --wait"))
	for _, at := range s.Cases() {
		ours, _ := s.applied(Ours, at)
		cells := []string{fmt.Sprint(at.Objects), milliseconds(at.RTT), seconds(ours.Seconds), megabytes(ours.PeakBytes), "–", "–", "–", "–"}
		if theirs, found := s.applied(Apply, at); found {
			cells[4], cells[5], cells[6] = seconds(theirs.Seconds), megabytes(theirs.PeakBytes), times(theirs.Seconds/ours.Seconds)
		}
		if ready, found := s.applied(Ready, at); found {
			cells[7] = seconds(ready.Seconds)
		}
		t.row(cells...)
	}
	return t.String()
}

func (s *Scale) goalTable(words Words) string {
	t := newTable(words.Goal, "RTT", words.Ratio, words.Wanted, words.Reached)
	for _, verdict := range s.Judge() {
		goal, wanted := fmt.Sprintf(words.Faster, verdict.From, code(Apply)), "≥ %.0f"
		if verdict.What != Apply {
			what := words.Time
			if verdict.What == "bytes" {
				what = words.Peak
			}
			goal, wanted = fmt.Sprintf(words.Linear, verdict.From, verdict.To, what), "≤ %.0f"
		}
		t.row(goal, milliseconds(verdict.RTT), times(verdict.Ratio), fmt.Sprintf(wanted, verdict.Wanted), words.verdict(verdict.Reached))
	}
	return t.String()
}

// latencyTable has what another client notices.
func (s *Scale) latencyTable(words Words) string {
	t := newTable(words.During, words.Objects, "RTT", words.Get+": "+words.Medians, "p99", words.List+": "+words.Medians, "p99", words.Samples)
	add := func(name, objects, rtt string, run Applied) {
		t.row(name, objects, rtt, latency(run.Get, 0.5), latency(run.Get, 0.99), latency(run.List, 0.5), latency(run.List, 0.99), fmt.Sprint(len(run.Get)+len(run.List)))
	}
	if idle, found := s.applied(Idle, Case{}); found {
		add(words.Idle, "–", "–", idle)
	}
	for _, tool := range []string{Ours, Apply} {
		for _, at := range s.Cases() {
			if run, found := s.applied(tool, at); found {
				add(code(tool), fmt.Sprint(at.Objects), milliseconds(at.RTT), run)
			}
		}
	}
	return t.String()
}

func latency(values []float64, share float64) string {
	if len(values) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f ms", Percentile(values, share)*1000)
}

// podsTable has what a table of many pods takes.
func (s *Scale) podsTable(words Words) string {
	t := newTable(fmt.Sprintf(words.Pods, s.Pods), "RTT", words.First, words.Last, words.Peak)
	for _, rtt := range s.RTTs {
		for _, tool := range []string{Ours, Get} {
			var first, last []float64
			var peaks []int64
			for _, shown := range s.Tables {
				if shown.Tool == tool && shown.RTT == rtt {
					first, last, peaks = append(first, shown.First), append(last, shown.Last), append(peaks, shown.PeakBytes)
				}
			}
			if len(first) > 0 {
				t.row(code(tool+" pods"), milliseconds(rtt), seconds(Median(first)), seconds(Median(last)), megabytes(Median(peaks)))
			}
		}
	}
	return t.String()
}
