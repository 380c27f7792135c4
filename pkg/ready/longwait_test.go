package ready

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestLongWait reports of a wait only once it has lasted, and then each thing once.
func TestLongWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mutex sync.Mutex
		var told []event.Event
		wait, end := BeginLongWait(func(e event.Event) {
			mutex.Lock()
			defer mutex.Unlock()
			told = append(told, e)
		})
		a, b, c := event.Object{Name: "a"}, event.Object{Name: "b"}, event.Object{Name: "c"}
		for _, object := range []event.Object{c, b, a} {
			wait.Report(event.Waiting{Object: object, Message: "not yet"})
		}
		wait.Report(event.Ready{Object: b})
		<-time.After(reportAfter - time.Millisecond)
		synctest.Wait()
		mutex.Lock()
		if len(told) > 0 {
			t.Errorf("too early, it tells %v", told)
		}
		mutex.Unlock()
		<-time.After(time.Millisecond)
		synctest.Wait()
		for _, e := range []event.Event{
			event.Waiting{Object: a, Message: "not yet"}, // as before
			event.Waiting{Object: a, Message: "soon"},
			event.Ready{Object: a},
			event.Ready{Object: a},
			event.Ready{Object: b}, // of which nobody has heard
		} {
			wait.Report(e)
		}
		end()
		want := []event.Event{
			event.Waiting{Object: a, Message: "not yet"},
			event.Waiting{Object: c, Message: "not yet"},
			event.Waiting{Object: a, Message: "soon"},
			event.Ready{Object: a},
		}
		if !slices.Equal(told, want) {
			t.Errorf("it tells\n%v, want\n%v", told, want)
		}
	})
}

// TestShortWait reports nothing, and has ended at once.
func TestShortWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		wait, end := BeginLongWait(func(e event.Event) { t.Errorf("it tells %v", e) })
		wait.Report(event.Waiting{Message: "not yet"})
		end()
		synctest.Wait()
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %s", took)
		}
	})
}
