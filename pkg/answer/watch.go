package answer

import (
	"errors"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"
)

// watch checks what a watch tells of. An event about another object becomes one
// with the error, after which there are no more.
func (p place) watch(events watch.Interface, err error) (watch.Interface, error) {
	if err != nil {
		return nil, err
	}
	checked := &checkedWatch{from: events, to: make(chan watch.Event), stopped: make(chan struct{})}
	go checked.pass(p)
	return checked, nil
}

// checkedWatch ends when it is stopped, or when what it checks has ended.
type checkedWatch struct {
	from    watch.Interface
	to      chan watch.Event
	once    sync.Once
	stopped chan struct{}
}

func (w *checkedWatch) ResultChan() <-chan watch.Event { return w.to }

func (w *checkedWatch) Stop() {
	w.once.Do(func() { close(w.stopped) })
	w.from.Stop()
}

func (w *checkedWatch) pass(p place) {
	defer close(w.to)
	defer w.from.Stop()
	for event := range w.from.ResultChan() {
		var refused *apierrors.StatusError
		// Bookmarks have a version and nothing else, and errors are a Status.
		if event.Type != watch.Bookmark && event.Type != watch.Error {
			if errors.As(p.check("", event.Object), &refused) {
				event = watch.Event{Type: watch.Error, Object: &refused.ErrStatus}
			}
		}
		select {
		case w.to <- event:
		case <-w.stopped:
			return
		}
		if refused != nil {
			return
		}
	}
}
