package report

import (
	"slices"
	"strings"
	"testing"
)

// sampled makes a run of samples in seconds, at one distance.
func sampled(rtt int, operation Operation, seconds map[string][]float64) *Run {
	run := &Run{Rounds: 3, RTTs: []int{rtt}}
	for tool, times := range seconds {
		for i, took := range times {
			run.Samples = append(run.Samples, Sample{Tool: tool, Operation: operation, RTT: rtt, Round: i + 1, Seconds: took, PeakBytes: int64(took * 1e6)})
		}
	}
	run.Summarise()
	return run
}

func TestSummarise(t *testing.T) {
	run := sampled(50, Install, map[string][]float64{Ours: {1, 9, 2}})
	run.Samples = append(run.Samples, Sample{Tool: Ours, Operation: Install, RTT: 50, Seconds: 0, Error: "refused"})
	run.Summarise()
	got, found := run.Find(Ours, Install, 50)
	if !found || got.Seconds != 2 || got.PeakBytes != 2e6 {
		t.Errorf("%+v %v", got, found)
	}
	if len(run.Medians) != 1 {
		t.Errorf("there are medians of nothing: %+v", run.Medians)
	}
	if failures := run.Failures(Ours); len(failures) != 1 || !strings.Contains(failures[0], "refused") {
		t.Errorf("what failed: %q", failures)
	}
	if failures := run.Failures(Istioctl); len(failures) != 0 {
		t.Errorf("what did not fail: %q", failures)
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		name      string
		rtt       int
		operation Operation
		seconds   map[string][]float64
		// want are the ratio and whether it is reached, by whose is compared.
		want map[string]Verdict
	}{
		{"install", 0, Install, map[string][]float64{Ours: {1}, Istioctl: {5}, Apply: {2.99}, SSA: {10}}, map[string]Verdict{
			Istioctl: {Ratio: 5, Reached: true}, Apply: {Ratio: 2.99}, SSA: {Ratio: 10, Reached: true},
		}},
		{"the fastest peer counts", 50, Again, map[string][]float64{Ours: {1}, Istioctl: {9}, Apply: {8}, SSA: {2.5}, Helm: {4}}, map[string]Verdict{
			SSA: {Ratio: 2.5},
		}},
		{"no slower", 50, PodsWarm, map[string][]float64{Program: {2}, Get: {2}}, map[string]Verdict{Get: {Ratio: 1, Reached: true}}},
		{"a little slower", 50, PodsWarm, map[string][]float64{Program: {2.002}, Get: {2}}, map[string]Verdict{Get: {Ratio: 1.001}}},
		{"a part of theirs", 200, PodsCold, map[string][]float64{Program: {3}, Get: {5}}, map[string]Verdict{Get: {Ratio: 0.6, Reached: true}}},
		{"no goal there", 0, Uninstall, map[string][]float64{Ours: {1}, Istioctl: {1}}, nil},
		{"nothing to compare with", 50, Uninstall, map[string][]float64{Ours: {1}}, nil},
	} {
		verdicts := sampled(test.rtt, test.operation, test.seconds).Judge()
		if len(verdicts) != len(test.want) {
			t.Errorf("%s: %d verdicts, not %d: %+v", test.name, len(verdicts), len(test.want), verdicts)
		}
		for _, verdict := range verdicts {
			want, known := test.want[verdict.Tool]
			if !known || abs(verdict.Ratio-want.Ratio) > 1e-9 || verdict.Reached != want.Reached {
				t.Errorf("%s: against %q the ratio is %v and reached %v, not %+v", test.name, verdict.Tool, verdict.Ratio, verdict.Reached, want)
			}
		}
	}
}

func abs(value float64) float64 { return max(value, -value) }

// TestGoals holds the list against what was asked for.
func TestGoals(t *testing.T) {
	for _, want := range []Goal{
		{Operation: Install, RTT: 200, Theirs: Istioctl, AtLeast: 6},
		{Operation: Install, RTT: 50, Theirs: Istioctl, AtLeast: 8, Stretch: true},
		{Operation: Again, RTT: 50, AtLeast: 3},
		{Operation: Uninstall, RTT: 50, Theirs: Istioctl, AtLeast: 3},
		{Operation: PodsCold, RTT: 50, Own: Program, Theirs: Get, AtMost: 0.6},
	} {
		if !slices.Contains(Goals, want) {
			t.Errorf("%+v is no goal", want)
		}
	}
	for _, goal := range Goals {
		if (goal.AtLeast > 0) == (goal.AtMost > 0) {
			t.Errorf("%+v needs one bound", goal)
		}
	}
}

func TestMarkdown(t *testing.T) {
	run := sampled(50, Install, map[string][]float64{Ours: {1.25}, Istioctl: {12.5}, SSA: {2}, Bare: {1.1}, BareRunning: {0.8}})
	run.Counts = []Count{
		{Tool: Ours, Operation: PodsCold, Requests: 2},
		{Tool: Ours, Operation: PodsWarm, Requests: 1},
		{Tool: Helm, Operation: Install, Missing: []string{"service/shop"}},
	}
	for language, test := range map[string]struct {
		words Words
		want  []string
	}{
		"English": {English, []string{
			"| install to ready | 50 ms | 1.25 s | 12.5 s (10.0×) | – | 2.00 s (1.60×) | – |",
			"| install to ready, against `istioctl` | 50 ms | 1.25 s | 12.5 s | theirs / ours = 10.00 | ≥ 5 | reached |",
			"| install to ready, against `istioctl` | 50 ms | 1.25 s | 12.5 s | theirs / ours = 10.00 | ≥ 8 (stretch) | reached |",
			"| install to ready, against `kubectl apply --server-side` | 50 ms | 1.25 s | 2.00 s | theirs / ours = 1.60 | ≥ 2 | **not reached** (bare requests reach 1.82) |",
			"| until ready, CRDs served | 50 ms | 1.10 s | 1.25 s (1.14×) | – | 2.00 s (1.82×) |",
			"| until ready | 50 ms | 0.80 s | 1.25 s (1.56×) | – | 2.00 s (2.50×) |",
			"| pods, cache warm: requests | – | 1 | 0 | – | = 1 | reached |",
			"| pods, cache empty: requests | – | 2 | 0 | – | = 1 | **not reached** |",
			"| install to ready | `istioctl` | 12 MB | – | 0 kB | 0 kB | 0 |",
			"| install to ready, against `kubectl apply` | 50 ms | – | – | – | ≥ 3 | **not measured** |",
			"| install, nothing to do, against the fastest of the others, – | 50 ms | – | – | – | ≥ 3 | **not measured** |",
			"- helm leaves out service/shop",
		}},
		"Chinese": {Chinese, []string{
			"| 安装到就绪 | 50 ms | 1.25 s | 12.5 s (10.0×) | – | 2.00 s (1.60×) | – |",
			"| 安装到就绪，对比 `istioctl` | 50 ms | 1.25 s | 12.5 s | 对方 / 我们 = 10.00 | ≥ 5 | 达到 |",
		}},
	} {
		got := run.Markdown(test.words)
		for _, line := range test.want {
			if !strings.Contains(got, line+"\n") && !strings.HasSuffix(got, line) {
				t.Errorf("%s: %q is not in\n%s", language, line, got)
			}
		}
		if strings.Contains(got, "%!") {
			t.Errorf("%s: a placeholder is wrong:\n%s", language, got)
		}
	}
}

func TestSummary(t *testing.T) {
	run := sampled(50, Install, map[string][]float64{Ours: {1.25}, Istioctl: {12.5}})
	for words, want := range map[*Words]string{
		&English: "| install to ready | 1.25 s | 12.5 s (10.0×) | – | – | – |\n",
		&Chinese: "| 安装到就绪 | 1.25 s | 12.5 s (10.0×) | – | – | – |\n",
	} {
		if got := run.Summary(*words); !strings.Contains(got, want) || strings.Count(got, "\n") > 6 {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if got := (&Run{}).Summary(English); got != "" {
		t.Errorf("nothing was measured:\n%s", got)
	}
}

func TestScale(t *testing.T) {
	scale := &Scale{Rounds: 1, Sizes: []int{100, 1000, 5000}, Limit: 1000, Pods: 10, RTTs: []int{0, 50}, Runs: []Applied{
		{Tool: Idle, Get: []float64{0.001, 0.003, 0.002}},
		{Tool: Ours, Objects: 100, Seconds: 1, PeakBytes: 10},
		{Tool: Ours, Objects: 1000, Seconds: 10.1, PeakBytes: 50},
		{Tool: Ours, Objects: 5000, Seconds: 50, PeakBytes: 250},
		{Tool: Apply, Objects: 1000, Seconds: 50.5},
		{Tool: Ready, Objects: 1000, Seconds: 13},
		{Tool: Ours, Objects: 1000, RTT: 50, Seconds: 12},
		{Tool: Apply, Objects: 1000, RTT: 50, Seconds: 59},
	}, Tables: []Shown{{Tool: Ours, First: 1, Last: 2, PeakBytes: 3e6}}}
	want := []bool{false, true, true, true, true, false}
	verdicts := scale.Judge()
	if len(verdicts) != len(want) {
		t.Fatalf("%d verdicts, not %d: %+v", len(verdicts), len(want), verdicts)
	}
	for i, verdict := range verdicts {
		if verdict.Reached != want[i] {
			t.Errorf("%+v", verdict)
		}
	}
	got := scale.Markdown(English)
	for _, line := range []string{
		"| 1000 | 0 ms | 10.1 s | 0 MB | 50.5 s | 0 MB | 5.00× | 13.0 s |",
		"| 1000 | 50 ms | 12.0 s | 0 MB | 59.0 s | 0 MB | 4.92× | – |",
		"| 1000 objects, against `kubectl apply` | 50 ms | 4.92× | ≥ 5 | **not reached** |",
		"`kubectl apply` was not run with more than 1000 objects, because it takes minutes.",
		"| 5000 | 0 ms | 50.0 s | 0 MB | – | – | – | – |",
		"| from 100 to 1000 objects, time: no worse than linearly | 0 ms | 10.1× | ≤ 10 | **not reached** |",
		"| idle server | – | – | 2.0 ms | 3.0 ms | – | – | 3 |",
		"| `kubectl istio-demo pods` | 0 ms | 1.00 s | 2.00 s | 3 MB |",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
	if got := scale.Markdown(Chinese); strings.Contains(got, "%!") {
		t.Errorf("a placeholder is wrong:\n%s", got)
	}
}

func TestReplace(t *testing.T) {
	const text = "before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n"
	got, err := Replace(text, "bench", "new\n")
	if want := "before\n<!-- bench -->\n\nnew\n\n<!-- /bench -->\nafter\n"; err != nil || got != want {
		t.Errorf("%q %v", got, err)
	}
	again, err := Replace(got, "bench", "new")
	if err != nil || again != got {
		t.Errorf("the second time: %q %v", again, err)
	}
	for _, broken := range []string{"nothing", "<!-- bench -->\n", "<!-- /bench -->\n<!-- bench -->\n"} {
		if got, err := Replace(broken, "bench", "new"); err == nil {
			t.Errorf("%q became %q", broken, got)
		}
	}
}
