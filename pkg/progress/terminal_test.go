package progress

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestLiveResized makes the terminal narrower: nothing is left behind, and
// nothing above is touched, whatever the terminal does to its lines.
func TestLiveResized(t *testing.T) {
	for _, reflows := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newScreen(t, 80, 24)
			fmt.Fprintln(s, "$ kubectl istio-demo install")
			terminal := s.terminal()
			terminal.Reflows = reflows
			l := NewLive(terminal)
			long := event.Waiting{Object: deployment, Message: "a message that is longer than 40 columns"}
			tell(l, interval, long, event.Waiting{Object: configMap, Message: long.Message})
			if reflows {
				s.reflow(40, 24)
			} else {
				s.resize(40, 24)
			}
			tell(l, interval)
			s.shows("narrower", "$ kubectl istio-demo install\n  waiting    0s  deployment/istio-syst…\n  waiting    0s  configmap/istio-syste…\n")
			s.resize(100, 24)
			tell(l, interval)
			l.Close()
			s.shows("wider", "$ kubectl istio-demo install\n"+
				"  waiting    0s  deployment/istio-system/istiod  a message that is longer than 40 columns\n"+
				"  waiting    0s  configmap/istio-system/istio    a message that is longer than 40 columns\n")
		})
	}
}

// TestLiveStopped stops the program for a while, and has it in the background:
// the shell's lines stay, and the view goes on below them.
func TestLiveStopped(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, interval, event.Waiting{Object: deployment, Message: "Available: 0/1"})
		fmt.Fprint(s, "^Z\n[1]+ Stopped\n$ fg\nkubectl istio-demo install\n")
		s.resumed <- syscall.SIGCONT
		tell(l, 2*time.Second)
		s.shows("resumed", `  waiting    0s  deployment/istio-system/istiod  Available: 0/1
^Z
[1]+ Stopped
$ fg
kubectl istio-demo install
  waiting    2s  deployment/istio-system/istiod  Available: 0/1
`)
		s.leave(true)
		fmt.Fprint(s, "$ ls\n")
		tell(l, 2*time.Second, event.Warning{Message: "it waits until it is seen"})
		fmt.Fprint(s, "$ fg\n")
		s.leave(false)
		tell(l, time.Second)
		s.shows("back in the foreground", `  waiting    0s  deployment/istio-system/istiod  Available: 0/1
^Z
[1]+ Stopped
$ fg
kubectl istio-demo install
  waiting    2s  deployment/istio-system/istiod  Available: 0/1
$ ls
$ fg
warning: it waits until it is seen
  waiting    5s  deployment/istio-system/istiod  Available: 0/1
`)
		s.leave(true)
		tell(l, interval, event.Warning{Message: "the last one"})
		l.Close()
		if !strings.Contains(s.text(), "warning: the last one\n  waiting") {
			t.Errorf("what ends in the background does not say it all:\n%s", s.text())
		}
	})
}

// TestLiveInterrupted ends in the middle: the echo of Ctrl-C goes, the view
// stays and the error is below it.
func TestLiveInterrupted(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		applyAll(l)
		fmt.Fprint(s, "^C")
		tell(l, 0, event.Stopped{Applied: 3, Objects: 4})
		l.Fail("error: interrupted", 130)
		s.shows("interrupted", `installing Istio 1.31.0 demo in namespace istio-system on https://a (4 objects)
  passed   0.2s  checks
  stopped  0.3s  3 of 4 objects applied
error: interrupted
`)
		if s.shown.CursorHidden() || s.shown.CursorPosition().X != 0 {
			t.Error("the cursor is not where the shell can go on")
		}
		if modes := strings.Count(s.written(), "\x1b[?"); modes > 0 {
			t.Errorf("%d modes were changed", modes)
		}
	})
}

// TestLiveColours colours a word, and nothing else.
func TestLiveColours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 80, 24)
		terminal := s.terminal()
		terminal.Colours = true
		l := NewLive(terminal)
		applyAll(l)
		l.Sink(event.Stopped{Applied: 3, Objects: 4})
		l.Close()
		for _, want := range []string{"  \x1b[32mpassed\x1b[39m   0.2s", "  \x1b[33mrunning\x1b[39m    0s", "  \x1b[31mstopped\x1b[39m  0.3s"} {
			if !strings.Contains(s.written(), want) {
				t.Errorf("%q is not in %q", want, s.written())
			}
		}
	})
}

// TestLiveRate bounds how often it is drawn, and does not draw what has not
// changed.
func TestLiveRate(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		for i := range 1000 {
			tell(l, time.Millisecond, event.Waiting{Object: deployment, Message: fmt.Sprint(i)})
		}
		if draws := strings.Count(s.written(), "waiting"); draws < 5 || draws > 11 {
			t.Errorf("it was drawn %d times in a second", draws)
		}
		before := strings.Count(s.written(), "waiting")
		tell(l, 10*time.Second)
		if draws := strings.Count(s.written(), "waiting") - before; draws < 9 || draws > 11 {
			t.Errorf("it was drawn %d times in 10 seconds in which only its age changed", draws)
		}
	})
}

// TestLiveAtOnce has many goroutines report while it is drawn and closed: no
// warning is lost, and nothing goes on afterwards.
func TestLiveAtOnce(t *testing.T) {
	before := runtime.NumGoroutine()
	var out strings.Builder
	s := newScreen(t, 80, 24)
	terminal := s.terminal()
	terminal.Out = &out
	l := NewLive(terminal)
	const many = 50
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			l.Sink(event.Waiting{Object: deployment, Message: fmt.Sprint(i)})
			l.Sink(event.Warning{Message: fmt.Sprintf("number %d.", i)})
			if i == many/2 {
				l.Close()
			}
		})
	}
	group.Wait()
	l.Close()
	for i := range many {
		if want := fmt.Sprintf("warning: number %d.\n", i); strings.Count(out.String(), want) != 1 {
			t.Errorf("%q is not there once", want)
		}
	}
	// Who is done has not always ended yet.
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines are left of %d", after, before)
	}
}

// TestLiveEcho ends when nothing has changed but what the terminal echoed.
func TestLiveEcho(t *testing.T) {
	live(t, 80, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, interval, event.Waiting{Object: deployment, Message: "Available: 0/1"})
		fmt.Fprint(s, "^C")
		l.Fail("error: interrupted", 130)
		s.shows("interrupted", "  waiting    0s  deployment/istio-system/istiod  Available: 0/1\nerror: interrupted\n")
	})
}
