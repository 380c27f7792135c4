package ready

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// at gives a deployment a in a certain version.
func at(t *testing.T, version, status string) *unstructured.Unstructured {
	t.Helper()
	object := of(t, "Deployment", "a", status)
	object.SetResourceVersion(version)
	return object
}

// TestEarlyWatch begins to watch before the object is stored.
func TestEarlyWatch(t *testing.T) {
	for _, test := range []struct {
		name string
		// has is there when the watch begins, and changes come then.
		has     []*unstructured.Unstructured
		changes []change
		stored  string
		// own is how many watches the wait begins itself.
		own int
	}{
		{"the object appears", nil, []change{{"ADDED", at(t, "5", notStarted).Object}, {"MODIFIED", at(t, "7", running).Object}}, "5", 0},
		{"it is ready at once", nil, []change{{"ADDED", at(t, "5", running).Object}}, "5", 0},
		{"its predecessor was deleted", []*unstructured.Unstructured{at(t, "3", running)}, []change{{"DELETED", at(t, "4", running).Object}, {"ADDED", at(t, "5", running).Object}}, "5", 0},
		{"versions cannot be compared", []*unstructured.Unstructured{at(t, "b", running)}, nil, "a", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{
				has:     map[string][]*unstructured.Unstructured{deploymentsPath: test.has},
				changes: map[string][]change{deploymentsPath: test.changes},
			}
			client := server.start(t)
			stored := target(at(t, test.stored, notStarted))
			early := Begin(t.Context(), client, []Place{stored.place(), stored.place()})
			defer early.End()
			told := &recorder{}
			if err := Wait(bounded(t), client, told.sink, []Target{stored}, early); err != nil {
				t.Error(err)
			}
			if got := told.told; !slices.Contains(got, "deployment mesh/a: ready") {
				t.Errorf("it tells %q", got)
			}
			own := slices.DeleteFunc(server.took(), func(request string) bool { return request == deploymentsPath })
			if len(own) != test.own {
				t.Errorf("the wait's own requests are %q", own)
			}
		})
	}
}

// TestEarlyWatchOfBefore does not take what was seen before the object was
// stored for what has become of it.
func TestEarlyWatchOfBefore(t *testing.T) {
	for _, test := range []struct {
		name, stored string
		want         bool
	}{
		{"before", "5", true},
		{"after", "2", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{has: map[string][]*unstructured.Unstructured{deploymentsPath: {at(t, "3", running)}}}
			stored := target(at(t, test.stored, notStarted))
			early := Begin(t.Context(), server.start(t), []Place{stored.place()})
			defer early.End()
			waiting := &wait{sink: (&recorder{}).sink, order: []event.Object{stored.Ref}, pending: map[event.Object]*Pending{stored.Ref: {Target: stored}}}
			<-early.news()
			if failed := waiting.catchUp(early); len(failed) > 0 {
				t.Errorf("%v cannot be watched", failed)
			}
			if _, pending := waiting.pending[stored.Ref]; pending != test.want {
				t.Errorf("it is waited for: %t", pending)
			}
		})
	}
}

// TestEarlyWatchForbidden watches again when it matters: before, the user may
// not have had the right to it yet.
func TestEarlyWatchForbidden(t *testing.T) {
	for _, test := range []struct {
		name   string
		always bool
		want   string
	}{
		{"at first", false, ""},
		{"always", true, "cannot watch deployments: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{forbids: true, has: map[string][]*unstructured.Unstructured{deploymentsPath: {at(t, "7", running)}}}
			client := server.start(t)
			stored := target(at(t, "5", notStarted))
			early := Begin(t.Context(), client, []Place{stored.place()})
			defer early.End()
			<-early.news()
			server.permit(!test.always)
			err := Wait(bounded(t), client, (&recorder{}).sink, []Target{stored}, early)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestNoEarlyWatch has nothing to tell.
func TestNoEarlyWatch(t *testing.T) {
	var none *Watch
	if none.news() != nil || none.serves(&group{}, nil) {
		t.Error("nothing serves something")
	}
	none.End()
}

// TestHeld waits for objects that are created while it waits, through the early
// watch or its own, and says until then what holds them.
func TestHeld(t *testing.T) {
	for _, watchesEarly := range []bool{true, false} {
		server := &apiServer{changes: map[string][]change{
			deploymentsPath: {{"ADDED", at(t, "5", notStarted).Object}, {"MODIFIED", at(t, "7", running).Object}},
		}}
		client := server.start(t)
		held := target(at(t, "", notStarted))
		held.Held = "waiting for Secret b"
		var early *Watch
		if watchesEarly {
			early = Begin(t.Context(), client, []Place{held.place()})
			defer early.End()
		}
		told := &recorder{}
		if err := Wait(bounded(t), client, told.sink, []Target{held}, early); err != nil {
			t.Error(err)
		}
		if want := "deployment mesh/a: waiting for Secret b"; told.told[0] != want || told.told[len(told.told)-1] != "deployment mesh/a: ready" {
			t.Errorf("it tells %q", told.told)
		}
	}
}

// TestHeldEnds says what holds an object that was never created.
func TestHeldEnds(t *testing.T) {
	held := target(at(t, "", notStarted))
	held.Held = "waiting for Secret b"
	ctx, cancel := context.WithCancel(bounded(t))
	told := &recorder{on: "deployment mesh/a: waiting for Secret b", do: cancel}
	err := Wait(ctx, (&apiServer{}).start(t), told.sink, []Target{held}, nil)
	var notReady *NotReadyError
	if !errors.As(err, &notReady) || len(notReady.Pending) != 1 || notReady.Pending[0].Message != held.Held {
		t.Errorf("the error is %v", err)
	}
}
