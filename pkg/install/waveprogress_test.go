package install

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// TestWaveProgress shows waves in order, whatever the order in which their
// batches are applied, and starts none while the phase before it is awaited.
func TestWaveProgress(t *testing.T) {
	waves := make([]schedule.Wave, 3)
	batches := []schedule.Batch{{Wave: 0}, {Wave: 0}, {Wave: 1}}
	last := []schedule.Batch{{Wave: 2}}
	applied := func(name string) event.Applied { return event.Applied{Object: event.Object{Name: name}} }
	for _, test := range []struct {
		name string
		do   func(*waveProgress)
		want []string
	}{
		{"the first is the last", func(progress *waveProgress) {
			progress.of(1)(applied("account"))
			progress.finish(batches[2])
			progress.of(0)(applied("namespace"))
			progress.finish(batches[0])
			progress.of(0)(applied("definition"))
			progress.finish(batches[1])
			progress.expect(last)
			progress.of(2)(applied("workload"))
			progress.finish(last[0])
		}, []string{"begins 1", "namespace", "definition", "over 1", "begins 2", "account", "over 2", "begins 3", "workload", "over 3"}},
		{"the next phase has not begun", func(progress *waveProgress) {
			progress.finish(batches[0])
			progress.finish(batches[1])
			progress.finish(batches[2])
		}, []string{"begins 1", "over 1", "begins 2", "over 2"}},
		{"it stops", func(progress *waveProgress) {
			progress.of(0)(applied("namespace"))
			progress.of(1)(applied("account"))
			progress.stop()
		}, []string{"begins 1", "namespace", "begins 2", "account"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			progress := showWaves(func(e event.Event) {
				switch e := e.(type) {
				case event.WaveStarted:
					got = append(got, fmt.Sprintf("begins %d", e.Number))
				case event.WaveFinished:
					got = append(got, fmt.Sprintf("over %d", e.Number))
				case event.Applied:
					got = append(got, e.Object.Name)
				}
			}, waves)
			progress.expect(batches)
			test.do(progress)
			if !slices.Equal(got, test.want) {
				t.Errorf("it shows %q", got)
			}
		})
	}
}
