package ready

import (
	"sync"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Notes puts into a wait what others know of an object, such as that its image is
// being pulled, in the place of what the object itself lacks.
type Notes struct {
	sink  event.Sink
	mutex sync.Mutex
	// lacks are what objects lack by themselves, and notes what is known of them.
	lacks, notes map[event.Object]event.Waiting
	ready        map[event.Object]bool
}

// NewNotes returns notes for the events that Sink passes on.
func NewNotes(sink event.Sink) *Notes {
	return &Notes{sink: sink, lacks: map[event.Object]event.Waiting{}, notes: map[event.Object]event.Waiting{}, ready: map[event.Object]bool{}}
}

// Sink takes the events of a wait; it may be called from several goroutines.
func (n *Notes) Sink(e event.Event) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	switch e := e.(type) {
	case event.Ready:
		n.ready[e.Object] = true
	case event.Waiting:
		n.lacks[e.Object] = e
		if _, noted := n.notes[e.Object]; noted {
			return
		}
	}
	n.sink(e)
}

// Note says what an object waits for, since when; an empty message takes the last
// one back. What is ready waits for nothing.
func (n *Notes) Note(object event.Object, message string, since time.Time) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.ready[object] {
		return
	}
	note := event.Waiting{Object: object, Message: message, Since: since}
	if message == "" {
		lacking, lacks := n.lacks[object]
		delete(n.notes, object)
		if lacks {
			n.sink(lacking)
		}
		return
	}
	n.notes[object] = note
	n.sink(note)
}
