package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

func TestWrapLine(t *testing.T) {
	for _, test := range []struct {
		name    string
		columns int
		line    string
		want    string
	}{
		{"unknown width", 0, strings.Repeat("word ", 100), strings.Repeat("word ", 100)},
		{"fits", 20, "a line of 19 columns", "a line of 19\n  columns"},
		{"fits but for the last column", 21, "a line of 20 columns", "a line of 20 columns"},
		{"hanging indent", 16, "  one two three four five", "  one two three\n    four five"},
		{"long word", 10, "a https://example.com/long b", "a\n  https://example.com/long\n  b"},
		{"only a long word", 10, "https://example.com/long", "https://example.com/long"},
		{"wide letters", 10, "日本 日本 日本", "日本 日本\n  日本"},
		{"spaces inside", 20, "one   two   three   four", "one   two   three\n  four"},
		{"question", 20, "Delete 12 objects? [y/N] ", "Delete 12 objects?\n  [y/N] "},
		{"command that fits", 40, "nothing is installed; run 'kubectl istio-demo install' first", "nothing is installed; run\n  'kubectl istio-demo install' first"},
		{"command that does not", 20, "see 'kubectl istio-demo status --all', then retry", "see\n  'kubectl istio-demo status --all',\n  then retry"},
		{"command in brackets", 20, "create it ('kubectl create namespace a') first", "create it\n  ('kubectl create namespace a')\n  first"},
		{"apostrophes", 20, "the user's pods aren't Istio's own", "the user's pods\n  aren't Istio's\n  own"},
		{"quote without an end", 20, "it begins 'here and goes on", "it begins 'here and\n  goes on"},
		{"command without quotes", 30, "    next: remove the taint: kubectl describe nodes --show-labels", "    next: remove the taint:\n      kubectl describe nodes --show-labels"},
		{"quotes in a command", 30, `do it: kubectl patch a -p '{"a": null}'`, "do it:\n  kubectl patch a -p '{\"a\": null}'"},
		{"nothing but a command", 20, "  kubectl istio-demo sample install bookinfo", "  kubectl istio-demo sample install bookinfo"},
		{"kubectl in a sentence", 20, "what kubectl takes for it", "what kubectl takes\n  for it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := wrapLine(test.line, test.columns); got != test.want {
				t.Errorf("got\n%q, want\n%q", got, test.want)
			}
		})
	}
}

// TestWrappingFile leaves what is not a terminal as it is.
func TestWrappingFile(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, out := range []io.Writer{&strings.Builder{}, file} {
		if got := Wrapping(out); got != out {
			t.Errorf("got %v, want %v", got, out)
		}
	}
}

// TestLiveWraps redraws below lines that were wrapped, and wraps what follows.
func TestLiveWraps(t *testing.T) {
	live(t, 40, 24, func(t *testing.T, s *screen, l *Live) {
		tell(l, interval, event.Waiting{Object: deployment, Message: "Available: 0/1"})
		tell(l, interval, event.Warning{Message: "the webhook does not answer; see 'kubectl get endpointslices'"})
		tell(l, interval, event.Ready{Object: deployment})
		l.Ask("Label namespace shop with istio-injection=enabled? [y/N] ")
		fmt.Fprint(s, "y\n")
		tell(l, interval, event.Ready{Object: deployment})
		l.Fail("error: no ready pods; see 'kubectl istio-demo status'", 1)
		s.shows("wrapped", `warning: the webhook does not answer;
  see 'kubectl get endpointslices'
Label namespace shop with
  istio-injection=enabled? [y/N] y
  ready    0.2s  deployment/istio-syst…
error: no ready pods; see
  'kubectl istio-demo status'
`)
	})
}
