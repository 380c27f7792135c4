// Package event defines what the engines report while they work. Engines emit
// events and know nothing of terminals; printers print them and know nothing
// of clusters.
package event

import (
	"strings"
	"time"
)

// Sink takes the events in the order in which they happen. It is called from
// several goroutines at once and must not block for long.
type Sink func(Event)

// Discard is a Sink that ignores all events.
func Discard(Event) {}

// OfObjects returns a sink that passes on what is said of single objects and of
// requests, and not how an install goes on that is part of another one.
func OfObjects(sink Sink) Sink {
	return func(e Event) {
		switch e.(type) {
		case Waiting, Ready, Diagnosed, Warning, Retrying:
			sink(e)
		}
	}
}

// Event is one of the types of this package, as a value and not as a pointer.
type Event interface{ event() }

// Object names an object as people do, without a version. Group is empty for
// Kubernetes' core, and Namespace for what lives in none; it can be compared,
// and be the key of a map.
type Object struct {
	Group, Kind, Namespace, Name string
}

// String returns "deployment istio-system/istiod", or "namespace istio-system"
// where there is no namespace.
func (o Object) String() string {
	return strings.ToLower(o.Kind) + " " + o.Path()
}

// Path returns "istio-system/istiod", or "istio-system" where there is no
// namespace.
func (o Object) Path() string {
	if o.Namespace == "" {
		return o.Name
	}
	return o.Namespace + "/" + o.Name
}

// Resource returns the form that kubectl prints: "deployment.apps/istiod".
func (o Object) Resource() string {
	kind := strings.ToLower(o.Kind)
	if o.Group != "" {
		kind += "." + o.Group
	}
	return kind + "/" + o.Name
}

// Action is what became of an object that was applied.
type Action string

// The actions, in kubectl's words.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	// Unverified is for a dry run that could not ask the server about an
	// object, because what it depends on does not exist yet.
	Unverified Action = "created, unverified"
	// Planned is for a dry run that asks no server at all.
	Planned Action = "applied"
	// Pruned is for an object of an earlier install that the manifest no
	// longer has.
	Pruned Action = "pruned"
)

// DryRun says how far an install goes; the words are kubectl's. Use cases take
// the empty one for DryRunNone; events always have one of the values.
type DryRun string

// The values of --dry-run.
const (
	DryRunNone   DryRun = "none"
	DryRunClient DryRun = "client"
	DryRunServer DryRun = "server"
)

// Finding is one thing that holds an object back.
type Finding struct {
	// What says it in one line.
	What string
	// Logs are the last log lines of a container that crashed.
	Logs []string
	// Event is the last warning about it, and Next the next step to try; each
	// may be empty.
	Event, Next string
}

// VersionChange counts the objects of a kind that are turned from one
// apiVersion into another.
type VersionChange struct {
	Kind, From, To string
	Objects        int
}

type (
	// Started comes first: what is going to be applied, and where.
	Started struct {
		// What names the source: "Istio 1.31.0 demo", or the files.
		What      string
		Objects   int
		Namespace string
		// Server is the API server's URL; empty when there is none.
		Server string
		DryRun DryRun
	}

	// Checked says that the checks before the first write have passed.
	Checked struct{}

	// WaveStarted comes before the first object of a wave is applied.
	WaveStarted struct {
		Number, Waves int
		// Title says what the wave holds.
		Title   string
		Objects int
	}

	// Applied comes after the server has stored an object.
	Applied struct {
		Object Object
		Action Action
	}

	// WaveFinished comes after the last object of a wave is stored.
	WaveFinished struct{ Number int }

	// Stopped comes after an error in the middle of an apply.
	Stopped struct{ Applied, Objects int }

	// Leftover comes before the first write, for what an earlier install has
	// put there and the manifest does not have: it is pruned at the end, or
	// kept, because the user wants it or because of Kept.
	Leftover struct {
		Objects []Object
		Prune   bool
	}

	// Upgraded comes before the first write, for objects of versions that the
	// cluster does not serve or, where none is asked, Release of Kubernetes.
	Upgraded struct {
		Objects int
		Release string
		Changes []VersionChange
	}

	// Recreating comes before the first write, for what is going to be deleted
	// and recreated, because a field cannot be changed.
	Recreating struct{ Objects []Object }

	// Purging comes before the first write, for objects of the user's that go
	// with their CRDs.
	Purging struct{ Objects []Object }

	// Uninstalling comes first when an installation is uninstalled, of so many
	// objects at most: some may be kept.
	Uninstalling struct {
		What      string
		Objects   int
		Namespace string
		Server    string
		DryRun    DryRun
	}

	// RemovalStarted comes before the objects of one step are deleted.
	RemovalStarted struct {
		Number, Steps int
		// Title names what the step deletes.
		Title   string
		Objects int
	}

	// RemovalFinished comes when the objects of a step are gone.
	RemovalFinished struct{ Number int }

	// Uninstalled comes last, when everything was well.
	Uninstalled struct {
		Removed, Kept int
		DryRun        DryRun
		// Took is the time since Uninstalling.
		Took time.Duration
	}

	// Removed comes after the server has accepted to delete an object.
	Removed struct{ Object Object }

	// Going says that a deleted object has not gone for a while, and what
	// holds it.
	Going struct {
		Object     Object
		Finalizers []string
	}

	// Kept says why an object stays.
	Kept struct {
		Object Object
		Why    string
	}

	// AwaitingReadiness comes once, before the wait begins.
	AwaitingReadiness struct{ Objects int }

	// Waiting says what an object is waiting for, each time that changes.
	Waiting struct {
		Object  Object
		Message string
		// Since is zero where it does not matter how long it takes.
		Since time.Time
	}

	// Diagnosed says why an object is not ready.
	Diagnosed struct {
		Object   Object
		Findings []Finding
	}

	// Ready says that an object is ready.
	Ready struct{ Object Object }

	// Retrying says why a request is sent again.
	Retrying struct{ Reason string }

	// Warning is something that the user should know but that stops nothing.
	Warning struct{ Message string }

	// Finished comes last, when everything was well.
	Finished struct {
		Counts map[Action]int
		// Configured are those that were changed.
		Configured []Object
		DryRun     DryRun
		// Took is the time since Started.
		Took time.Duration
	}
)

func (Started) event()           {}
func (Checked) event()           {}
func (WaveStarted) event()       {}
func (Applied) event()           {}
func (WaveFinished) event()      {}
func (Stopped) event()           {}
func (Leftover) event()          {}
func (Upgraded) event()          {}
func (Recreating) event()        {}
func (Purging) event()           {}
func (Uninstalling) event()      {}
func (RemovalStarted) event()    {}
func (RemovalFinished) event()   {}
func (Uninstalled) event()       {}
func (Removed) event()           {}
func (Going) event()             {}
func (Kept) event()              {}
func (AwaitingReadiness) event() {}
func (Waiting) event()           {}
func (Diagnosed) event()         {}
func (Ready) event()             {}
func (Retrying) event()          {}
func (Warning) event()           {}
func (Finished) event()          {}
