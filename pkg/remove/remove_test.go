package remove

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/grace"
)

// TestRequests looks at what is sent: the UID of what was looked at, and that
// workloads go with their pods.
func TestRequests(t *testing.T) {
	for _, test := range []struct{ dryRun, returns bool }{{false, false}, {false, true}, {true, false}} {
		dryRun, server := test.dryRun, &apiServer{returns: test.returns}
		engine := server.start(t)
		engine.DryRun = dryRun
		deleted, err := engine.Remove(t.Context(), []Target{configMap("settings"), deployment("web")})
		if err != nil || names(deleted) != "settings web" {
			t.Fatalf("deleted %s, %v", names(deleted), err)
		}
		for name, policy := range map[string]metav1.DeletionPropagation{"settings": metav1.DeletePropagationBackground, "web": metav1.DeletePropagationForeground} {
			sent := server.sent()[name]
			if sent.Preconditions == nil || string(*sent.Preconditions.UID) != name+"-1" || *sent.PropagationPolicy != policy || slices.Equal(sent.DryRun, []string{"All"}) != dryRun {
				t.Errorf("dry run %t: %s is deleted with %+v", dryRun, name, sent)
			}
		}
		if watched := server.watches(); len(watched) != 0 {
			t.Errorf("%v are watched for what is gone", watched)
		}
	}
}

// TestRefused goes on with the others.
func TestRefused(t *testing.T) {
	server := &apiServer{refuses: map[string]metav1.Status{
		"gone":    failure(http.StatusNotFound, metav1.StatusReasonNotFound),
		"another": failure(http.StatusConflict, metav1.StatusReasonConflict),
		"kept":    failure(http.StatusForbidden, metav1.StatusReasonForbidden),
		"broken":  failure(http.StatusTeapot, "Teapot"),
	}}
	engine := server.start(t)
	var mutex sync.Mutex
	var told []string
	engine.Sink = func(e event.Event) {
		mutex.Lock()
		defer mutex.Unlock()
		told = append(told, e.(event.Removed).Object.Name)
	}
	deleted, err := engine.Remove(t.Context(), []Target{configMap("gone"), configMap("kept"), configMap("another"), configMap("broken"), configMap("free")})
	want := "cannot delete configmap mesh/kept: no\ncannot delete configmap mesh/broken: no"
	if names(deleted) != "gone free" || err == nil || err.Error() != want || !apierrors.IsForbidden(err) {
		t.Errorf("deleted %s, %v", names(deleted), err)
	}
	if slices.Sort(told); !slices.Equal(told, []string{"free", "gone"}) {
		t.Errorf("it tells of %v", told)
	}
}

// TestWatch waits for what is still there, and only for that.
func TestWatch(t *testing.T) {
	held := object("held", "held-1", []string{"example.com/hold"})
	pods := object("web", "web-1", []string{metav1.FinalizerDeleteDependents})
	for _, test := range []struct {
		name    string
		stays   []metav1.PartialObjectMetadata
		changes []change
		watches string
	}{
		{"deleted in the end", []metav1.PartialObjectMetadata{held}, []change{{"MODIFIED", object("held", "held-1", nil)}, {"DELETED", object("held", "held-1", nil)}}, "configmaps"},
		{"made anew meanwhile", []metav1.PartialObjectMetadata{held}, []change{{"MODIFIED", object("held", "held-2", nil)}}, "configmaps"},
		{"another one from the start", []metav1.PartialObjectMetadata{object("held", "held-2", nil)}, nil, ""},
		{"with its pods", []metav1.PartialObjectMetadata{pods}, []change{{"DELETED", pods}}, "deployments"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{stays: map[string]metav1.PartialObjectMetadata{}, changes: map[string][]change{"configmaps": test.changes, "deployments": test.changes}}
			for _, object := range test.stays {
				server.stays[object.Name] = object
			}
			deleted, err := server.start(t).Remove(t.Context(), []Target{configMap("held"), deployment("web"), configMap("free")})
			if err != nil || names(deleted) != "held web free" {
				t.Errorf("deleted %s, %v", names(deleted), err)
			}
			if watched := strings.Join(server.watches(), " "); watched != test.watches {
				t.Errorf("%q are watched", watched)
			}
		})
	}
}

// TestStuck says what holds each object when the time is over.
func TestStuck(t *testing.T) {
	server := &apiServer{stays: map[string]metav1.PartialObjectMetadata{
		"held": object("held", "held-1", []string{"example.com/hold", metav1.FinalizerOrphanDependents}),
		"web":  object("web", "web-1", []string{metav1.FinalizerDeleteDependents}),
	}}
	over := errors.New("timed out")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, over)
	defer cancel()
	deleted, err := server.start(t).Remove(ctx, []Target{configMap("held"), deployment("web"), configMap("free")})
	var stuck *StuckError
	if names(deleted) != "held web free" || !errors.As(err, &stuck) || !errors.Is(err, over) {
		t.Fatalf("deleted %s, %v", names(deleted), err)
	}
	want := `timed out: configmap mesh/held is deleted, but its finalizer example.com/hold blocks the deletion; wait for its controller, or remove the finalizer: kubectl patch configmap held -n mesh --type=merge -p '{"metadata":{"finalizers":null}}'
timed out: deployment mesh/web is deleted, but its dependents still exist; rerun the same command to keep waiting`
	if err.Error() != want {
		t.Errorf("it says\n%s", err)
	}
}

// TestRemind changes what the API server itself holds, if it is still the same,
// and leaves alone what waits for something else.
func TestRemind(t *testing.T) {
	server := &apiServer{}
	engine := server.start(t)
	cleanup := apiextensions.CustomResourceCleanupFinalizer
	left := map[event.Object]*held{}
	for name, finalizers := range map[string][]string{"ends": {cleanup}, "waits": {cleanup, "example.com/hold"}, "with-pods": {metav1.FinalizerDeleteDependents}, "free": nil} {
		target := configMap(name)
		left[target.Ref] = &held{target, finalizers}
	}
	engine.remind(t.Context(), left)
	patch := server.patches["ends"]
	if len(server.patches) != 1 || patch.UID != "ends-1" || patch.Annotations[reminded] == "" {
		t.Errorf("changed were %+v", server.patches)
	}
}

// TestWatchForbidden does not wait for what cannot be seen.
func TestWatchForbidden(t *testing.T) {
	server := &apiServer{forbidsWatch: true, stays: map[string]metav1.PartialObjectMetadata{"held": object("held", "held-1", nil)}}
	deleted, err := server.start(t).Remove(t.Context(), []Target{configMap("held")})
	if names(deleted) != "held" || !apierrors.IsForbidden(err) || !strings.HasPrefix(err.Error(), "cannot watch configmaps: ") {
		t.Errorf("deleted %s, %v", names(deleted), err)
	}
}

// TestInterrupted tells what was deleted before the end.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("interrupted")
	engine := (&apiServer{}).start(t)
	engine.Sink = func(event.Event) { cancel(over) }
	deleted, err := engine.Remove(ctx, []Target{configMap("first")})
	if names(deleted) != "first" || err != nil { // all of it is done
		t.Errorf("deleted %s, %v", names(deleted), err)
	}
	again, err := engine.Remove(ctx, []Target{configMap("second")})
	if len(again) != 0 || !errors.Is(err, over) {
		t.Errorf("deleted %s, %v", names(again), err)
	}
}

// TestInterruptedRefusal tells of a refusal also where the end of the context
// comes right after it.
func TestInterruptedRefusal(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("interrupted")
	engine := (&apiServer{refuses: map[string]metav1.Status{"kept": failure(http.StatusForbidden, metav1.StatusReasonForbidden)}}).start(t)
	engine.Sink = func(event.Event) { cancel(over) }
	deleted, err := engine.Remove(ctx, []Target{configMap("free"), configMap("kept")})
	if names(deleted) != "free" || !errors.Is(err, over) || !apierrors.IsForbidden(err) {
		t.Errorf("deleted %s, %v", names(deleted), err)
	}
}

// TestUnanswered names the deletions of which nobody knows what became of them,
// after those under way had time to be answered.
func TestUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		outcomes := make([]outcome, 2)
		working, stop := grace.Extend(ctx, inFlight)
		defer stop()
		cancel(over)
		time.Sleep(inFlight + time.Millisecond)
		outcomes[0] = outcome{deleted: true}
		outcomes[1] = outcome{err: fmt.Errorf("cannot delete configmap mesh/second: %w", working.Err())}
		deleted, _, err := gather(ctx, working, []Target{configMap("first"), configMap("second")}, outcomes)
		var unanswered *UnansweredError
		if names(deleted) != "first" || !errors.As(err, &unanswered) || !errors.Is(err, over) || len(unanswered.Objects) != 1 ||
			err.Error() != "interrupted: no answer from the API server to the deletion of configmap mesh/second" {
			t.Errorf("deleted %s, %v", names(deleted), err)
		}
	})
}
