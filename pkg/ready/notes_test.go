package ready

import (
	"slices"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestNotes tells what is known of an object rather than what it lacks, until it is
// ready or there is nothing to tell any more.
func TestNotes(t *testing.T) {
	var told []string
	notes := NewNotes(func(e event.Event) {
		switch e := e.(type) {
		case event.Waiting:
			told = append(told, e.Object.Name+": "+e.Message)
		case event.Ready:
			told = append(told, e.Object.Name+" is ready")
		}
	})
	a, b := event.Object{Name: "a"}, event.Object{Name: "b"}
	lacks := func(object event.Object, message string) {
		notes.Sink(event.Waiting{Object: object, Message: message})
	}
	lacks(a, "0/1")
	notes.Note(a, "pulling", time.Now())
	lacks(a, "1/2")
	lacks(b, "0/1")
	notes.Note(a, "", time.Time{})
	notes.Note(b, "pulling", time.Now())
	lacks(b, "1/2")
	notes.Sink(event.Ready{Object: b})
	notes.Note(b, "", time.Time{})
	notes.Note(b, "pulling", time.Now())
	want := []string{"a: 0/1", "a: pulling", "b: 0/1", "a: 1/2", "b: pulling", "b is ready"}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%q, want\n%q", told, want)
	}
}
