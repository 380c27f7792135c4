package progress

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

var (
	configMap  = event.Object{Kind: "ConfigMap", Namespace: "istio-system", Name: "istio"}
	deployment = event.Object{Group: "apps", Kind: "Deployment", Namespace: "istio-system", Name: "istiod"}
)

// text returns what a sequence of events prints.
func text(events ...event.Event) string {
	var out strings.Builder
	plain := NewPlain(&out)
	for _, e := range events {
		plain.Sink(e)
	}
	return out.String()
}

// TestPlainInstall follows a whole install.
func TestPlainInstall(t *testing.T) {
	got := text(
		event.Started{What: "Istio 1.31.0 demo", Objects: 3, Namespace: "istio-system", Server: "https://127.0.0.1:6443", DryRun: event.DryRunNone},
		event.Warning{Message: "something is deprecated"},
		event.Checked{},
		event.WaveStarted{Number: 1, Waves: 2, Title: "configuration", Objects: 1},
		event.Applied{Object: configMap, Action: event.Unchanged},
		event.WaveFinished{Number: 1},
		event.WaveStarted{Number: 2, Waves: 2, Title: "workloads", Objects: 3},
		event.Applied{Object: deployment, Action: event.Configured},
		event.Applied{Object: deployment, Action: event.Created},
		event.Applied{Object: deployment, Action: event.Created},
		event.WaveFinished{Number: 2},
		event.AwaitingReadiness{Objects: 1},
		event.Waiting{Object: deployment, Message: "Available: 0/1"},
		event.Ready{Object: deployment},
		event.Finished{Counts: map[event.Action]int{event.Created: 2, event.Configured: 1, event.Unchanged: 1}, Configured: []event.Object{{Kind: "Service", Namespace: "mesh", Name: "web"}}, DryRun: event.DryRunNone, Took: 1234567890 * time.Nanosecond},
	)
	want := `installing Istio 1.31.0 demo in namespace istio-system on https://127.0.0.1:6443 (3 objects)
warning: something is deprecated
  checks passed
  [1/2] configuration: 1 unchanged
  [2/2] workloads: 2 created, 1 configured
  waiting for 1 object to become ready
  deployment istio-system/istiod: Available: 0/1
  deployment istio-system/istiod: ready
configured: service mesh/web
2 created, 1 configured, 1 unchanged in 1.23s
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPlain(t *testing.T) {
	for _, test := range []struct {
		name   string
		events []event.Event
		want   string
	}{
		{"client dry run", []event.Event{event.Started{What: "demo.yaml", Objects: 1, Namespace: "mesh", DryRun: event.DryRunClient}}, "would install demo.yaml in namespace mesh (1 object)\n"},
		{"server dry run", []event.Event{event.Started{What: "demo.yaml", Objects: 2, Namespace: "mesh", Server: "https://a", DryRun: event.DryRunServer}}, "validating demo.yaml in namespace mesh on https://a (2 objects)\n"},
		{"end of a client dry run", []event.Event{event.Finished{Counts: map[event.Action]int{event.Planned: 46}, DryRun: event.DryRunClient}}, "46 objects would be applied (dry run)\n"},
		{"end of a server dry run", []event.Event{event.Finished{Counts: map[event.Action]int{event.Unverified: 3, event.Created: 1}, DryRun: event.DryRunServer, Took: time.Minute}}, "4 created, 0 configured, 0 unchanged in 1m0s (server dry run)\n"},
		{"wave of a dry run", []event.Event{event.WaveStarted{Number: 1, Waves: 1, Title: "workloads"}, event.Applied{Action: event.Unverified}, event.WaveFinished{}}, "  [1/1] workloads: 1 created, unverified\n"},
		{"wave without a result", []event.Event{event.WaveStarted{Number: 1, Waves: 1, Title: "workloads"}, event.WaveFinished{}}, "  [1/1] workloads: nothing\n"},
		{"stopped", []event.Event{event.Stopped{Applied: 3, Objects: 46}}, "  stopped: 3 of 46 objects applied\n"},
		{"stopped at one", []event.Event{event.Stopped{Applied: 0, Objects: 1}}, "  stopped: 0 of 1 object applied\n"},
		{"nothing to wait for", []event.Event{event.AwaitingReadiness{}}, ""},
		{"several to wait for", []event.Event{event.AwaitingReadiness{Objects: 2}}, "  waiting for 2 objects to become ready\n"},
		{"no namespace", []event.Event{event.Ready{Object: event.Object{Kind: "Namespace", Name: "mesh"}}}, "  namespace mesh: ready\n"},
		// What comes from clusters and files must not move the cursor.
		{"escapes", []event.Event{event.Warning{Message: "a\x1b[2Jb\rc\nd\te\u009bf\x7fg"}}, "warning: a [2Jb c d e f g\n"},
		{"escapes in names", []event.Event{event.Waiting{Object: event.Object{Kind: "Pod", Name: "\x1b]0;x\a"}, Message: "\x1b[31m"}}, "  pod  ]0;x :  [31m\n"},
		{"directions", []event.Event{event.Warning{Message: "a\u202eb\u2066c\u2069d\u200fe\u061cf"}}, "warning: a b c d e f\n"},
		{"line ends of Unicode", []event.Event{event.Warning{Message: "a\u2028b\u2029c\u0085d"}}, "warning: a b c d\n"},
		{"no UTF-8", []event.Event{event.Warning{Message: "a\xffb\xc3"}}, "warning: a\ufffdb\ufffd\n"},
		{"other letters", []event.Event{event.Warning{Message: "größer 日本 ✓"}}, "warning: größer 日本 ✓\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := text(test.events...); got != test.want {
				t.Errorf("got\n%q, want\n%q", got, test.want)
			}
		})
	}
}

// TestPlainAtOnce has many goroutines report; the race detector watches, and
// no count and no line may be lost or torn.
func TestPlainAtOnce(t *testing.T) {
	const many = 50
	var out strings.Builder
	plain := NewPlain(&out)
	plain.Sink(event.WaveStarted{Number: 1, Waves: 1, Title: "workloads", Objects: many})
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			plain.Sink(event.Applied{Object: deployment, Action: event.Created})
			plain.Sink(event.Waiting{Object: deployment, Message: fmt.Sprintf("message %d", i)})
		})
	}
	group.Wait()
	plain.Sink(event.WaveFinished{Number: 1})
	lines := strings.Split(out.String(), "\n")
	if len(lines) != many+2 || lines[many] != "  [1/1] workloads: 50 created" {
		t.Errorf("got\n%s", out.String())
	}
	for i := range many {
		if line := fmt.Sprintf("  deployment istio-system/istiod: message %d\n", i); !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in\n%s", line, out.String())
		}
	}
}
