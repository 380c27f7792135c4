package diagnose

import (
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// key names a state that lasts: a container that has no image goes to and fro
// between two reasons, but its kind stays.
type key struct {
	workload  int
	pod       types.UID
	container string
	kind      kind
}

// entry is a symptom as it is seen now.
type entry struct {
	key
	symptom symptom
	// heard is set where a pod of the workload has just been refused.
	heard bool
	// excused is set where something else has to come first.
	excused bool
}

// symptoms remembers how long symptoms last.
type symptoms struct {
	// grace tells how long a finding may last.
	grace func(Finding) time.Duration

	records map[key]record
	// examined counts how often the logs of a workload have been looked at for a
	// kind of symptom.
	examined map[examination]int
}

type examination struct {
	workload int
	kind     kind
}

// logGrace is how long a container that runs may take to get ready before its log
// is looked at, which is done less and less often.
const logGrace = 20 * time.Second

// record is what is remembered of a symptom.
type record struct {
	since time.Time
	// excused is as in the entry, and repeated is set where it was heard of
	// while it was not excused.
	excused, repeated bool
}

// enter takes in what is seen now, and forgets what is not seen any more. It
// gives the symptoms whose grace is over, or how long it is until the first
// is.
func (l *symptoms) enter(now time.Time, entries []entry) (overdue map[key]bool, next time.Duration) {
	records := map[key]record{}
	overdue, next = map[key]bool{}, never
	for _, entry := range entries {
		patience := l.patience(entry)
		if patience <= 0 {
			continue
		}
		before, known := l.records[entry.key]
		switch {
		case entry.excused:
			records[entry.key] = record{since: now, excused: true}
			continue
		case !known || before.excused:
			// What was heard while it was excused does not count.
			before = record{since: now, repeated: entry.heard && !known}
		default:
			before.repeated = before.repeated || entry.heard
		}
		records[entry.key] = before
		if entry.symptom.kind == createKind && !before.repeated {
			continue // a controller tries again after a while; until then it may be over
		}
		if left := before.since.Add(patience).Sub(now); left > 0 {
			next = min(next, left)
		} else {
			overdue[entry.key] = true
		}
	}
	l.records = records
	return overdue, next
}

// patience tells how long an entry may last. A container that has begun to
// crash is looked into once: its log may tell that it is hopeless. That of one
// which does not get ready may tell why.
func (l *symptoms) patience(entry entry) time.Duration {
	finding := entry.symptom.Finding
	times := l.examined[examination{entry.workload, entry.key.kind}]
	switch {
	case finding.Grace != 0:
	case entry.symptom.previous && times == 0:
		finding.Grace = hopelessGrace
	case entry.symptom.runs():
		finding.Grace = logGrace << min(times, 10)
	}
	return l.grace(finding)
}

// excuse begins the grace of symptoms again that have turned out to heal.
func (l *symptoms) excuse(now time.Time, overdue map[key]bool) {
	if l.examined == nil {
		l.examined = map[examination]int{}
	}
	examined := map[examination]bool{}
	for key := range overdue {
		record := l.records[key]
		record.since = now
		l.records[key] = record
		examined[examination{key.workload, key.kind}] = true
	}
	for one := range examined {
		l.examined[one]++
	}
}

func keys(of map[key]bool) []key { return slices.Collect(maps.Keys(of)) }
