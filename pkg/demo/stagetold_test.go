package demo

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestStagesTold tells of stages in order, whatever the order in which their
// batches are over, and begins none while the round before it is waited for.
func TestStagesTold(t *testing.T) {
	stages := []stage{{turn: turn{wave: apply.Definitions}}, {turn: turn{wave: apply.Accounts}}, {turn: turn{wave: apply.Workloads}}}
	batches := []batch{{stage: 0, part: partNamespaces}, {stage: 0, part: partDefinitions}, {stage: 0, part: partServed}, {stage: 1, part: partAccounts}}
	last := []batch{{stage: 2, part: partWorkloads}}
	applied := func(name string) event.Applied { return event.Applied{Object: event.Object{Name: name}} }
	for _, test := range []struct {
		name string
		do   func(*stagesTold)
		want []string
	}{
		{"the first is the last", func(told *stagesTold) {
			told.of(1)(applied("account"))
			told.finish(batches[3])
			told.of(0)(applied("namespace"))
			told.finish(batches[0])
			told.of(0)(applied("definition"))
			told.finish(batches[1])
			told.expect(last)
			told.of(2)(applied("workload"))
			told.finish(last[0])
		}, []string{"begins 1", "namespace", "definition", "over 1", "begins 2", "account", "over 2", "begins 3", "workload", "over 3"}},
		{"the next round has not begun", func(told *stagesTold) {
			told.finish(batches[0])
			told.finish(batches[1])
			told.finish(batches[3])
		}, []string{"begins 1", "over 1", "begins 2", "over 2"}},
		{"it stops", func(told *stagesTold) {
			told.of(0)(applied("namespace"))
			told.of(1)(applied("account"))
			told.stop()
		}, []string{"begins 1", "namespace", "begins 2", "account"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			told := tellStages(func(e event.Event) {
				switch e := e.(type) {
				case event.WaveStarted:
					got = append(got, fmt.Sprintf("begins %d", e.Number))
				case event.WaveFinished:
					got = append(got, fmt.Sprintf("over %d", e.Number))
				case event.Applied:
					got = append(got, e.Object.Name)
				}
			}, stages)
			told.expect(batches)
			test.do(told)
			if !slices.Equal(got, test.want) {
				t.Errorf("it tells %q", got)
			}
		})
	}
}
