package schedule

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestWaveProgress shows waves in order, whatever the order in which their
// batches are applied, and starts none while the phase before it is awaited.
func TestWaveProgress(t *testing.T) {
	waves := make([]Wave, 3)
	batches := []Batch{{Wave: 0}, {Wave: 0}, {Wave: 1}}
	last := []Batch{{Wave: 2}}
	applied := func(name string) event.Applied { return event.Applied{Object: event.Object{Name: name}} }
	for _, test := range []struct {
		name string
		do   func(*Progress)
		want []string
	}{
		{"the first is the last", func(progress *Progress) {
			progress.Of(1)(applied("account"))
			progress.Finish(batches[2])
			progress.Of(0)(applied("namespace"))
			progress.Finish(batches[0])
			progress.Of(0)(applied("definition"))
			progress.Finish(batches[1])
			progress.Expect(last)
			progress.Of(2)(applied("workload"))
			progress.Finish(last[0])
		}, []string{"begins 1", "namespace", "definition", "over 1", "begins 2", "account", "over 2", "begins 3", "workload", "over 3"}},
		{"the next phase has not begun", func(progress *Progress) {
			progress.Finish(batches[0])
			progress.Finish(batches[1])
			progress.Finish(batches[2])
		}, []string{"begins 1", "over 1", "begins 2", "over 2"}},
		{"it stops", func(progress *Progress) {
			progress.Of(0)(applied("namespace"))
			progress.Of(1)(applied("account"))
			progress.Stop()
		}, []string{"begins 1", "namespace", "begins 2", "account"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			progress := NewProgress(func(e event.Event) {
				switch e := e.(type) {
				case event.WaveStarted:
					got = append(got, fmt.Sprintf("begins %d", e.Number))
				case event.WaveFinished:
					got = append(got, fmt.Sprintf("over %d", e.Number))
				case event.Applied:
					got = append(got, e.Object.Name)
				}
			}, waves)
			progress.Expect(batches)
			test.do(progress)
			if !slices.Equal(got, test.want) {
				t.Errorf("it shows %q", got)
			}
		})
	}
}
