package report

import (
	"fmt"
	"strings"
)

// Applied is how long a tool took for a manifest of so many objects.
type Applied struct {
	Tool      string  `json:"tool"`
	Objects   int     `json:"objects"`
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

// Idle is the name under which another client's latency is kept while nothing
// else is under way.
const Idle = "idle"

// Scale is what many objects and many pods take.
type Scale struct {
	Circumstances
	Rounds int       `json:"rounds"`
	Sizes  []int     `json:"sizes"`
	Limit  int       `json:"limit"`
	Pods   int       `json:"pods"`
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

// applied gives the medians of the time and the memory, and all latencies.
func (s *Scale) applied(tool string, objects int) (Applied, bool) {
	var times []float64
	var peaks []int64
	found := Applied{Tool: tool, Objects: objects}
	for _, run := range s.Runs {
		if run.Tool == tool && run.Objects == objects {
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
	// Ratio has to be at most Wanted for a growth, and at least for the
	// comparison.
	Ratio, Wanted float64
	Reached       bool
}

// Judge gives the verdicts.
func (s *Scale) Judge() []ScaleVerdict {
	var verdicts []ScaleVerdict
	for i := 1; i < len(s.Sizes); i++ {
		small, before := s.applied(Ours, s.Sizes[i-1])
		large, after := s.applied(Ours, s.Sizes[i])
		if !before || !after {
			continue
		}
		linear := float64(large.Objects) / float64(small.Objects)
		slower, larger := large.Seconds/small.Seconds, float64(large.PeakBytes)/float64(small.PeakBytes)
		verdicts = append(verdicts,
			ScaleVerdict{"seconds", small.Objects, large.Objects, slower, linear, slower <= linear},
			ScaleVerdict{"bytes", small.Objects, large.Objects, larger, linear, larger <= linear})
	}
	ours, found := s.applied(Ours, CompareAt)
	theirs, compared := s.applied(Apply, CompareAt)
	if found && compared {
		ratio := theirs.Seconds / ours.Seconds
		verdicts = append(verdicts, ScaleVerdict{Apply, CompareAt, CompareAt, ratio, Faster, ratio >= Faster})
	}
	return verdicts
}

// Markdown gives all tables, with what has to be known beside them.
func (s *Scale) Markdown(words Words) string {
	return strings.Join([]string{
		words.circumstances(s.Circumstances) + " " + fmt.Sprintf(words.ScaleRounds, s.Rounds),
		s.sizeTable(words), s.goalTable(words), s.latencyTable(words), s.podsTable(words),
		fmt.Sprintf(words.ScaleNotes, s.Limit),
	}, "\n\n")
}

func (s *Scale) sizeTable(words Words) string {
	t := newTable(words.Objects, code(Ours), words.Peak, code(Apply), words.Peak, words.TheirsByOurs)
	for _, size := range s.Sizes {
		ours, _ := s.applied(Ours, size)
		cells := []string{fmt.Sprint(size), seconds(ours.Seconds), megabytes(ours.PeakBytes), "–", "–", "–"}
		if theirs, found := s.applied(Apply, size); found {
			cells = append(cells[:3], seconds(theirs.Seconds), megabytes(theirs.PeakBytes), times(theirs.Seconds/ours.Seconds))
		}
		t.row(cells...)
	}
	return t.String()
}

func (s *Scale) goalTable(words Words) string {
	t := newTable(words.Goal, words.Ratio, words.Wanted, words.Reached)
	for _, verdict := range s.Judge() {
		if verdict.What == Apply {
			t.row(fmt.Sprintf(words.Faster, verdict.From, code(Apply)), times(verdict.Ratio), fmt.Sprintf("≥ %.0f", verdict.Wanted), words.verdict(verdict.Reached))
			continue
		}
		what := words.Time
		if verdict.What == "bytes" {
			what = words.Peak
		}
		t.row(fmt.Sprintf(words.Linear, verdict.From, verdict.To, what), times(verdict.Ratio), fmt.Sprintf("≤ %.0f", verdict.Wanted), words.verdict(verdict.Reached))
	}
	return t.String()
}

// latencyTable has what another client notices.
func (s *Scale) latencyTable(words Words) string {
	t := newTable(words.During, words.Objects, words.Get+": "+words.Medians, "p99", words.List+": "+words.Medians, "p99", words.Samples)
	add := func(name, objects string, run Applied) {
		t.row(name, objects, latency(run.Get, 0.5), latency(run.Get, 0.99), latency(run.List, 0.5), latency(run.List, 0.99), fmt.Sprint(len(run.Get)+len(run.List)))
	}
	if idle, found := s.applied(Idle, 0); found {
		add(words.Idle, "–", idle)
	}
	for _, tool := range []string{Ours, Apply} {
		for _, size := range s.Sizes {
			if run, found := s.applied(tool, size); found {
				add(code(tool), fmt.Sprint(size), run)
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
