package progress

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

var (
	ingress = event.Object{Group: "apps", Kind: "Deployment", Namespace: "istio-system", Name: "istio-ingressgateway"}
	abroad  = event.Object{Group: "apps", Kind: "Deployment", Namespace: "default", Name: "productpage"}
)

// live runs a test with a live view, on a clock that goes when all wait.
func live(t *testing.T, columns, rows int, test func(t *testing.T, s *screen, l *Live)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, columns, rows)
		l := NewLive(s.terminal())
		defer l.Close()
		test(t, s, l)
	})
}

// tell hands events over, and lets a time go by, in which they are drawn.
func tell(l *Live, pass time.Duration, events ...event.Event) {
	for _, e := range events {
		l.Sink(e)
	}
	time.Sleep(pass)
	synctest.Wait()
}

var installing = event.Started{What: "Istio 1.31.0 demo", Objects: 4, Namespace: "istio-system", Server: "https://a", DryRun: event.DryRunNone}

// applyAll is an install up to the wait, in half a second.
func applyAll(l *Live) {
	tell(l, 200*time.Millisecond, installing)
	tell(l, 300*time.Millisecond, event.Checked{},
		event.WaveStarted{Number: 1, Waves: 2, Title: "configuration", Objects: 1},
		event.Applied{Object: configMap, Action: event.Created}, event.WaveFinished{Number: 1},
		event.WaveStarted{Number: 2, Waves: 2, Title: "workloads and custom resources", Objects: 3},
		event.Applied{Object: deployment, Action: event.Created},
		event.Applied{Object: ingress, Action: event.Created})
}

// awaitAll is the wait behind it, of two seconds.
func awaitAll(l *Live) {
	tell(l, 2*time.Second, event.Applied{Object: abroad, Action: event.Created}, event.WaveFinished{Number: 2}, event.AwaitingReadiness{Objects: 3},
		event.Waiting{Object: deployment, Message: "Available: 0/1"},
		event.Waiting{Object: ingress, Message: "Available: 0/1"},
		event.Waiting{Object: abroad, Message: "Available: 0/2"},
		event.Warning{Message: "something is deprecated"})
}

var finished = event.Finished{Counts: map[event.Action]int{event.Created: 4}, DryRun: event.DryRunNone, Took: 3456 * time.Millisecond}

// TestLiveTimes counts how long a step of a wait takes, where that is asked for.
func TestLiveTimes(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, 5*time.Second, event.Waiting{Object: deployment, Message: "waiting for its turn to pull pilot:1", Since: time.Now()})
		s.shows("in the queue", "  waiting    5s  deployment/istio-system/istiod  waiting for its turn to… (5 s)\n")
		tell(l, 2*time.Second, event.Waiting{Object: deployment, Message: "pulling pilot:1", Since: time.Now()})
		s.shows("pulling", "  waiting    7s  deployment/istio-system/istiod  pulling pilot:1 (2 s)\n")
		tell(l, time.Second, event.Waiting{Object: deployment, Message: "Available: 0/1"})
		s.shows("without a time", "  waiting    8s  deployment/istio-system/istiod  Available: 0/1\n")
	})
}

// TestLiveInstall follows a whole install on a usual terminal.
func TestLiveInstall(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		applyAll(l)
		s.shows("in the second wave", `installing Istio 1.31.0 demo in namespace istio-system on https://a (4 objects)
  passed   0.2s  checks
  running    0s  [2/2] workloads and custom resources  2 of 3
`)
		awaitAll(l)
		s.shows("in the wait", `installing Istio 1.31.0 demo in namespace istio-system on https://a (4 objects)
warning: something is deprecated
  passed   0.2s  checks
  applied  0.3s  4 objects in 2 waves
  waiting    2s  deployment/istiod                Available: 0/1
  waiting    2s  deployment/istio-ingressgateway  Available: 0/1
  waiting    2s  deployment/default/productpage   Available: 0/2
`)
		tell(l, time.Second, event.Ready{Object: deployment}, event.Ready{Object: abroad})
		s.shows("one is left", `installing Istio 1.31.0 demo in namespace istio-system on https://a (4 objects)
warning: something is deprecated
  passed   0.2s  checks
  applied  0.3s  4 objects in 2 waves
  ready    2.3s  deployment/istiod
  waiting    3s  deployment/istio-ingressgateway  Available: 0/1
  ready    2.0s  deployment/default/productpage
`)
		tell(l, 0, event.Ready{Object: ingress}, finished)
		l.Close()
		l.Sink(event.Warning{Message: "the API server says: it is old"})
		s.shows("at the end", `installing Istio 1.31.0 demo in namespace istio-system on https://a (4 objects)
warning: something is deprecated
  passed   0.2s  checks
  applied  0.3s  4 objects in 2 waves
  ready    2.3s  deployment/istiod
  ready    3.3s  deployment/istio-ingressgateway
  ready    2.0s  deployment/default/productpage
4 created, 0 configured, 0 unchanged in 3.46s
warning: the API server says: it is old
`)
	})
}

// TestLiveNarrow has lines that do not fit: what is drawn is cut, and what
// stays is not.
func TestLiveNarrow(t *testing.T) {
	live(t, 40, 24, func(t *testing.T, s *screen, l *Live) {
		applyAll(l)
		awaitAll(l)
		tell(l, time.Second, event.Waiting{Object: ingress, Message: "日本 日本 日本"}, event.Ready{Object: deployment})
		tell(l, 0, finished)
		l.Close()
		s.shows("at the end", `installing Istio 1.31.0 demo in
  namespace istio-system on https://a
  (4 objects)
warning: something is deprecated
  passed   0.2s  checks
  applied  0.3s  4 objects in 2 waves
  ready    2.3s  deployment/istiod
  waiting    3s  deployment/istio-ingr…
  waiting    3s  deployment/default/pr…
4 created, 0 configured, 0 unchanged in
  3.46s
`)
	})
}

// TestLiveWide counts letters that take two columns.
func TestLiveWide(t *testing.T) {
	for _, test := range []struct{ message, want string }{
		{"日本日本日本日本日本日本日本", "  waiting    0s  pod/a  日本日本日本日…\n"},
		{"x日本日本日本日本日本日本日本", "  waiting    0s  pod/a  x日本日本日本…\n"},
		{"größer und e\u0301", "  waiting    0s  pod/a  größer und e\u0301\n"},
	} {
		live(t, 40, 10, func(t *testing.T, s *screen, l *Live) {
			tell(l, interval, event.Waiting{Object: event.Object{Kind: "Pod", Name: "a"}, Message: test.message})
			s.shows(test.message, test.want)
		})
	}
}

// TestLiveLow has more components than rows: what goes on is shown first.
func TestLiveLow(t *testing.T) {
	live(t, 80, 5, func(t *testing.T, s *screen, l *Live) {
		var events []event.Event
		for i := range 8 {
			events = append(events, event.Waiting{Object: event.Object{Kind: "Pod", Name: fmt.Sprint(i)}, Message: "Pending"})
		}
		tell(l, interval, events...)
		s.shows("none is ready", "  waiting    0s  pod/0  Pending\n  waiting    0s  pod/1  Pending\n  waiting    0s  pod/2  Pending\n  … and 5 more\n")
		tell(l, interval, event.Ready{Object: event.Object{Kind: "Pod", Name: "1"}})
		s.shows("one is ready", "  waiting    0s  pod/0  Pending\n  waiting    0s  pod/2  Pending\n  waiting    0s  pod/3  Pending\n  … and 5 more\n")
		s.resize(80, 24)
		tell(l, interval)
		if got := s.text(); strings.Count(got, "\n") != 8 || strings.Count(got, "ready") != 1 {
			t.Errorf("with room for all of them:\n%s", got)
		}
		for i := range 8 {
			tell(l, 0, event.Ready{Object: event.Object{Kind: "Pod", Name: fmt.Sprint(i)}})
		}
		s.resize(80, 5)
		l.Close()
		if got := s.written(); strings.Count(got[strings.LastIndex(got, "\x1b[J"):], "ready") != 8 {
			t.Errorf("at the end not all are shown: %q", got)
		}
	})
}

// TestLiveFailed shows what failed, and why above it.
func TestLiveFailed(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, time.Second, event.Waiting{Object: deployment, Message: "Available: 0/1"})
		tell(l, 0, event.Diagnosed{Object: deployment, Findings: []event.Finding{{What: "ImagePullBackOff: no such image", Next: "mend --hub"}}})
		l.Fail("error: failed: deployment istio-system/istiod is not ready", 3)
		s.shows("failed", `  deployment istio-system/istiod is not ready:
    ImagePullBackOff: no such image
      next: mend --hub
  failed   1.0s  deployment/istio-system/istiod  Available: 0/1
error: failed: deployment istio-system/istiod is not ready
`)
	})
}

// TestLiveUninstall follows a removal, with its question.
func TestLiveUninstall(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, 0, event.Uninstalling{What: "demo", Objects: 3, Namespace: "istio-system", Server: "https://a", DryRun: event.DryRunNone}, event.Purging{Objects: []event.Object{configMap}})
		l.Remark("  namespace istio-system stays: yours")
		l.Ask("Delete 3 objects? [y/N] ")
		fmt.Fprintln(s, "y")
		tell(l, interval, event.RemovalStarted{Number: 1, Steps: 2, Title: "workloads", Objects: 2},
			event.Removed{Object: deployment}, event.Removed{Object: ingress})
		tell(l, 4*time.Second)
		tell(l, 2*time.Second, event.Going{Object: deployment, Finalizers: []string{"example.com/wait"}})
		head := `removing demo from namespace istio-system on https://a (3 objects)
  these custom resources are deleted with their CRDs:
    configmap istio-system/istio
  namespace istio-system stays: yours
Delete 3 objects? [y/N] y
`
		s.shows("held", head+`  running    6s  [1/2] workloads    waiting for deletion
  going      2s  deployment/istiod  held by finalizer example.com/wait
`)
		tell(l, time.Second, event.RemovalFinished{Number: 1}, event.RemovalStarted{Number: 2, Steps: 2, Title: "accounts and roles", Objects: 4}, event.Removed{Object: configMap})
		s.shows("in the second step", head+`  removed  6.1s  workloads                 2 objects
  running    1s  [2/2] accounts and roles  1 of 4
`)
		tell(l, 0, event.RemovalFinished{Number: 2}, event.Uninstalled{Removed: 3, Took: 7 * time.Second})
		l.Close()
		s.shows("at the end", head+`  removed  6.1s  workloads           2 objects
  removed  1.0s  accounts and roles  1 object
3 removed, 0 kept in 7s
`)
	})
}

// TestLivePrune has one line for all steps of a prune.
func TestLivePrune(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, interval, event.RemovalStarted{Number: 1, Steps: 2, Title: "workloads", Objects: 1}, event.Removed{Object: deployment}, event.RemovalFinished{Number: 1},
			event.RemovalStarted{Number: 2, Steps: 2, Title: "accounts and roles", Objects: 2}, event.Removed{Object: configMap})
		s.shows("in the second step", "  running    0s  [2/2] accounts and roles  1 of 2\n")
		tell(l, interval, event.RemovalFinished{Number: 2})
		s.shows("at the end", "  pruned   0.1s  2 objects of an earlier install\n")
	})
}

// TestLiveRefused ends in a phase, which is then not going on any more.
func TestLiveRefused(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, time.Second, installing)
		l.Fail("error: the server is too old", 1)
		_, after, _ := strings.Cut(s.text(), "\n")
		if want := "  stopped  1.0s  checks\nerror: the server is too old\n"; after != want {
			t.Errorf("the screen shows\n%s\nand not\n%s", after, want)
		}
	})
}

// TestLiveDryRun does not say that something became of the objects.
func TestLiveDryRun(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, time.Second, event.Started{What: "demo", Objects: 1, Namespace: "mesh", Server: "https://a", DryRun: event.DryRunServer}, event.Checked{},
			event.WaveStarted{Number: 1, Waves: 1, Title: "workloads", Objects: 1}, event.Applied{Object: deployment, Action: event.Created}, event.WaveFinished{Number: 1})
		tell(l, 0, event.Finished{Counts: map[event.Action]int{event.Created: 1}, DryRun: event.DryRunServer, Took: time.Second})
		l.Close()
		s.shows("at the end", `validating demo in namespace mesh on https://a (1 object)
  passed   0.0s  checks
  checked  0.0s  1 object in 1 wave
1 created, 0 configured, 0 unchanged in 1s (server dry run)
`)
	})
}

// TestQuiet leaves what the user should know.
func TestQuiet(t *testing.T) {
	var out strings.Builder
	var quiet Printer = NewQuiet(&out)
	for _, e := range events("x", 1) {
		quiet.Sink(e)
	}
	quiet.Fail("error: one\nerror: two", 1)
	const want = `  stopped: 1 of 1 object applied
  these custom resources are deleted with their CRDs:
    x x/x
    x x/x
  x x/x is not ready:
    x
      log: x
      log: x
      last warning: x
      next: x
    x
      log: x
      log: x
      last warning: x
      next: x
warning: x
error: one
error: two
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
