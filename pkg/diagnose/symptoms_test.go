package diagnose

import (
	"testing"
	"time"
)

// TestLedger tells the story of one symptom, second by second.
func TestLedger(t *testing.T) {
	type look struct {
		// at is the second, and what is seen then.
		at      int
		entries []entry
		// next is how many seconds the next look is away; 0 if a grace is over.
		next int
	}
	seen := func(kind kind, grace int) entry {
		return entry{key: key{pod: "a", kind: kind}, symptom: symptom{kind: kind, Finding: Finding{Grace: time.Duration(grace) * time.Second}}}
	}
	heard := func(e entry) entry { e.heard = true; return e }
	excused := func(e entry) entry { e.excused = true; return e }
	image, create, healing := seen(imageKind, 30), seen(createKind, 60), seen(probeKind, 0)
	first := seen(crashKind, 0)
	first.symptom.previous = true
	none := int(never / time.Second)
	for name, looks := range map[string][]look{
		"nothing":        {{0, nil, none}},
		"heals":          {{0, []entry{healing}, none}, {1000, []entry{healing}, none}},
		"lasts":          {{0, []entry{image}, 30}, {10, []entry{image}, 20}, {30, []entry{image}, 0}},
		"goes":           {{0, []entry{image}, 30}, {29, nil, none}, {31, nil, none}},
		"comes again":    {{0, []entry{image}, 30}, {20, nil, none}, {25, []entry{image}, 30}, {54, []entry{image}, 1}, {55, []entry{image}, 0}},
		"one of two":     {{0, []entry{image, healing}, 30}, {30, []entry{healing}, none}},
		"two":            {{0, []entry{image}, 30}, {10, []entry{image, seen(configKind, 60)}, 20}},
		"looked into":    {{0, []entry{first}, 5}, {5, []entry{first}, 0}},
		"old refusal":    {{0, []entry{create}, none}, {100, []entry{create}, none}},
		"new refusal":    {{0, []entry{heard(create)}, 60}, {30, []entry{create}, 30}, {60, []entry{create}, 0}},
		"repeated":       {{0, []entry{create}, none}, {30, []entry{heard(create)}, 30}, {60, []entry{create}, 0}},
		"repeated later": {{0, []entry{create}, none}, {70, []entry{heard(create)}, 0}},
		// What was heard while the webhook could still come says nothing.
		"excused": {
			{0, []entry{excused(heard(create))}, none}, {100, []entry{excused(heard(create))}, none},
			{110, []entry{heard(create)}, none}, {160, []entry{create}, none}, {180, []entry{heard(create)}, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			symptoms := symptoms{grace: func(f Finding) time.Duration { return f.Grace }}
			start := time.Now()
			for _, look := range looks {
				overdue, next := symptoms.enter(start.Add(time.Duration(look.at)*time.Second), look.entries)
				if want := time.Duration(look.next) * time.Second; len(overdue) > 0 != (look.next == 0) || look.next > 0 && next != want {
					t.Errorf("second %d: %d are overdue, the next in %v, want %v", look.at, len(overdue), next, want)
				}
			}
		})
	}
}

// TestLedgerExcuses begins again with what turned out to heal, and looks into
// a crash only once.
func TestLedgerExcuses(t *testing.T) {
	symptoms := symptoms{grace: func(f Finding) time.Duration { return f.Grace }}
	place := entry{key: key{kind: placeKind}, symptom: symptom{Finding: Finding{Grace: time.Minute}}}
	crash := entry{key: key{kind: crashKind}, symptom: symptom{previous: true}}
	start := time.Now()
	symptoms.enter(start, []entry{place, crash})
	overdue, _ := symptoms.enter(start.Add(time.Minute), []entry{place, crash})
	if len(overdue) != 2 {
		t.Fatalf("%d are overdue", len(overdue))
	}
	symptoms.excuse(start.Add(time.Minute), overdue)
	overdue, next := symptoms.enter(start.Add(time.Minute), []entry{place, crash})
	if len(overdue) > 0 || next != time.Minute {
		t.Errorf("%d are overdue, the next in %v", len(overdue), next)
	}
}

// TestLedgerReadsLogs looks at the log of a container that does not get ready less
// and less often.
func TestLedgerReadsLogs(t *testing.T) {
	symptoms := symptoms{grace: func(f Finding) time.Duration { return f.Grace }}
	now := time.Now()
	unready := []entry{{key: key{kind: probeKind}, symptom: symptom{kind: probeKind, log: "web"}}}
	for _, want := range []time.Duration{logGrace, 2 * logGrace, 4 * logGrace} {
		if overdue, next := symptoms.enter(now, unready); len(overdue) > 0 || next != want {
			t.Errorf("%d are overdue, the next in %v, want %v", len(overdue), next, want)
		}
		now = now.Add(want)
		overdue, _ := symptoms.enter(now, unready)
		if len(overdue) != 1 {
			t.Fatalf("%d are overdue after %v", len(overdue), want)
		}
		symptoms.excuse(now, overdue)
	}
}
