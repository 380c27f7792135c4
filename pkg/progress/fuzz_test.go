package progress

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// hostile are texts as a cluster or a file could hold them.
var hostile = []string{
	"", "Available: 0/1", "größer 日本 ✓", "100%d %!s", "a\x1b[2Jb\x1b]0;x\a", "a\nerror: b\r\n", "a\tb\vc\fd\be\x7f",
	"\u009b31m\u0085", "\u202egpj.exe\u2066\u2069\u200f\u061c", "\u2028\u2029", "\xff\xc3\x28\xed\xa0\x80", "\ufffd\ufeff",
}

// isAct tells characters on which a terminal acts.
func isAct(r rune) bool {
	return unicode.IsControl(r) || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x61c
}

func FuzzPrintable(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Printable(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, isAct) {
			t.Errorf("%q is printed as %q", text, got)
		}
		if utf8.RuneCountInString(got) != utf8.RuneCountInString(text) {
			t.Errorf("of %q something is lost in %q", text, got)
		}
		if again := Printable(got); again != got {
			t.Errorf("%q is changed a second time, to %q", got, again)
		}
	})
}

// FuzzPlain has every event hold arbitrary texts: each is lines of its own,
// and nothing in them but letters.
func FuzzPlain(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, 1)
	}
	f.Add("", 0)
	f.Add("\x1b", -1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		for _, e := range events(text, n) {
			var out strings.Builder
			plain := NewPlain(&out)
			// Some only count, and are told of by those that follow.
			plain.Sink(event.WaveStarted{Number: n, Waves: n, Title: text, Objects: n})
			plain.Sink(event.RemovalStarted{Number: n, Steps: n, Title: text, Objects: n})
			plain.Sink(e)
			plain.Sink(event.WaveFinished{Number: n})
			plain.Sink(event.RemovalFinished{Number: n})
			got := out.String()
			if !strings.HasSuffix(got, "\n") || strings.ContainsFunc(strings.ReplaceAll(got, "\n", ""), isAct) || !utf8.ValidString(got) {
				t.Errorf("%T prints %q", e, got)
			}
			if printed, most := strings.Count(got, "\n"), lines(e)+2; printed > most {
				t.Errorf("%T prints %d lines, more than %d: %q", e, printed, most, got)
			}
		}
	})
}

// events returns one of each, with the text wherever one can be.
func events(text string, n int) []event.Event {
	object := event.Object{Group: text, Kind: text, Namespace: text, Name: text}
	dryRun := event.DryRun(text)
	finding := event.Finding{What: text, Logs: []string{text, text}, Event: text, Next: text}
	counts := map[event.Action]int{event.Created: n, event.Pruned: n, event.Planned: n, event.Action(text): n}
	return []event.Event{
		event.Started{What: text, Objects: n, Namespace: text, Server: text, DryRun: dryRun},
		event.Checked{},
		event.WaveStarted{Number: n, Waves: n, Title: text, Objects: n},
		event.Applied{Object: object, Action: event.Action(text)},
		event.WaveFinished{Number: n},
		event.Stopped{Applied: n, Objects: n},
		event.Leftover{Objects: []event.Object{object, object}, Prune: n > 0},
		event.Upgraded{Objects: n, Release: text, Changes: []event.VersionChange{{Kind: text, From: text, To: text, Objects: n}}},
		event.Recreating{Objects: []event.Object{object, object}},
		event.Purging{Objects: []event.Object{object, object}},
		event.Uninstalling{What: text, Objects: n, Namespace: text, Server: text, DryRun: dryRun},
		event.RemovalStarted{Number: n, Steps: n, Title: text, Objects: n},
		event.RemovalFinished{Number: n},
		event.Uninstalled{Removed: n, Kept: n, DryRun: dryRun, Took: time.Duration(n)},
		event.Removed{Object: object},
		event.Going{Object: object, Finalizers: []string{text, text}},
		event.Kept{Object: object, Why: text},
		event.AwaitingReadiness{Objects: n},
		event.Waiting{Object: object, Message: text},
		event.Diagnosed{Object: object, Findings: []event.Finding{finding, finding}},
		event.Ready{Object: object},
		event.Retrying{Reason: text},
		event.Warning{Message: text},
		event.Finished{Counts: counts, DryRun: dryRun, Took: time.Duration(n)},
		event.Finished{Counts: counts, DryRun: event.DryRunClient, Took: time.Duration(n)},
	}
}

// lines is how many lines an event may become.
func lines(e event.Event) int {
	switch e := e.(type) {
	case event.Leftover:
		return 1 + len(e.Objects)
	case event.Recreating:
		return 1 + len(e.Objects)
	case event.Purging:
		return 1 + len(e.Objects)
	case event.Upgraded:
		return 1 + len(e.Changes)
	case event.Diagnosed:
		return 1 + len(e.Findings)*5
	}
	return 1
}

// FuzzJSON has every event hold arbitrary texts: each is one line, an object,
// and nothing in it but letters.
func FuzzJSON(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, 1)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		var out strings.Builder
		printer := NewJSON(&out)
		all := events(text, n)
		for _, e := range all {
			printer.Sink(e)
		}
		printer.Fail(text, n)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != len(all)+1 {
			t.Errorf("%d events are %d lines", len(all)+1, len(lines))
		}
		for _, line := range lines {
			var read struct{ Time, Event, Message, Reason string }
			if err := json.Unmarshal([]byte(line), &read); err != nil || read.Event == "" || read.Time == "" {
				t.Errorf("%q is no event: %v", line, err)
			}
			if read.Event == "warning" && utf8.ValidString(text) && read.Message != text {
				t.Errorf("%q is read as %q", text, read.Message)
			}
			if strings.ContainsFunc(line, isAct) || !utf8.ValidString(line) {
				t.Errorf("it prints %q", line)
			}
		}
	})
}

// FuzzLive has every event hold arbitrary texts, on a narrow terminal: what is
// drawn takes the lines that it should, and nothing is left behind.
func FuzzLive(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, 1)
	}
	for _, text := range []string{"👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️", "🇩🇪🇩🇪🇩🇪🇩🇪🇩🇪🇩🇪🇩🇪🇩🇪🇩🇪🇩", "각각각", "นี้นี้นี้", "1️⃣2️⃣3️⃣"} {
		f.Add(text+text+text+text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		s := newScreen(t, 40, 100)
		l := &area{out: s}
		now := time.Now()
		for _, e := range events(text, n) {
			b := newBoard()
			b.update(event.WaveStarted{Number: n, Waves: n, Title: text, Objects: n}, now)
			b.update(e, now)
			lines := layout(b.rows, now, 40, 10)
			l.draw("", lines, 40)
			if shown := s.text(); strings.Count(shown, "\n") > max(1, len(lines)) || s.row() != len(lines) {
				t.Fatalf("%T: %d lines take %d rows:\n%q", e, len(lines), s.row(), shown)
			}
		}
		l.draw("", nil, 40)
		if left := s.text(); left != "\n" {
			t.Errorf("%q is left", left)
		}
		for _, act := range regexp.MustCompile("\r\x1b\\[[0-9]+A\x1b\\[J|\n").ReplaceAllString(s.written(), "") {
			if isAct(act) {
				t.Fatalf("the terminal acts on %q", act)
			}
		}
	})
}
