package ready

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

var (
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	jobs        = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
)

const (
	deploymentsPath = "/apis/apps/v1/namespaces/mesh/deployments"
	jobsPath        = "/apis/batch/v1/namespaces/mesh/jobs"

	notStarted = "status: {}\n"
	running    = "status: {" + available + "}\n"
	failed     = "status: {failed: 1, conditions: [{type: Failed, status: 'True'}]}\n"
)

// of gives an object of namespace mesh and a status.
func of(t *testing.T, kind, name, status string) *unstructured.Unstructured {
	t.Helper()
	apiVersion := map[string]string{"Deployment": "apps/v1", "Job": "batch/v1"}[kind]
	return fixture.Object(t, "apiVersion: "+apiVersion+"\nkind: "+kind+"\nmetadata: {name: "+name+", namespace: mesh, resourceVersion: '1'}\n"+status)
}

func target(seen *unstructured.Unstructured) Target {
	resource := map[string]schema.GroupVersionResource{"Deployment": deployments, "Job": jobs}[seen.GetKind()]
	ref := event.Object{Group: resource.Group, Kind: seen.GetKind(), Namespace: seen.GetNamespace(), Name: seen.GetName()}
	return Target{Ref: ref, Resource: resource, Object: seen}
}

// bounded ends a wait that would go on for ever and so fails its test.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errors.New("the test took too long"))
	t.Cleanup(cancel)
	return ctx
}

// TestWaitForNothing must not ask the server about what is ready already.
func TestWaitForNothing(t *testing.T) {
	for _, test := range []struct {
		name    string
		targets []Target
	}{
		{"no targets", nil},
		{"ready", []Target{target(of(t, "Deployment", "a", running)), target(of(t, "Deployment", "b", running))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, told := &apiServer{}, &recorder{}
			if err := Wait(t.Context(), server.start(t), told.sink, test.targets, nil); err != nil {
				t.Error(err)
			}
			if requests := server.took(); requests != nil || told.told != nil {
				t.Errorf("requests %v, events %v", requests, told.told)
			}
		})
	}
}

// TestWait sees objects become ready: some when the watch begins, and some by
// what it brings.
func TestWait(t *testing.T) {
	a, b, c := of(t, "Deployment", "a", notStarted), of(t, "Deployment", "b", notStarted), of(t, "Job", "c", notStarted)
	server := &apiServer{
		has: map[string][]*unstructured.Unstructured{
			// Between the apply and the watch, b became ready.
			deploymentsPath: {a, of(t, "Deployment", "b", running), of(t, "Deployment", "foreign", notStarted)},
			jobsPath:        {c},
		},
		changes: map[string][]change{
			deploymentsPath: {
				{"MODIFIED", of(t, "Deployment", "foreign", running).Object},
				{"MODIFIED", of(t, "Deployment", "a", "status: {replicas: 1, updatedReplicas: 1}\n").Object},
				{"MODIFIED", of(t, "Deployment", "a", running).Object},
			},
			jobsPath: {{"MODIFIED", of(t, "Job", "c", "status: {succeeded: 1, conditions: [{type: Complete, status: 'True'}]}\n").Object}},
		},
	}
	told := &recorder{}
	err := Wait(bounded(t), server.start(t), told.sink, []Target{target(a), target(b), target(c), target(of(t, "Deployment", "d", running))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// One watch a resource and namespace, narrow where one object is awaited.
	if got, want := server.took(), []string{deploymentsPath, jobsPath + "?metadata.name=c"}; !slices.Equal(got, want) {
		t.Errorf("the requests are %v, want %v", got, want)
	}
	want := []string{
		"deployment mesh/a: Available: 0/1",
		"deployment mesh/a: Replicas: 0/1",
		"deployment mesh/a: ready",
		"deployment mesh/b: Replicas: 0/1",
		"deployment mesh/b: ready",
		"job mesh/c: Job not started",
		"job mesh/c: ready",
	}
	if got := slices.Sorted(slices.Values(told.told)); !slices.Equal(got, want) {
		t.Errorf("the events are %q, want %q", got, want)
	}
}

// TestWaitEnds looks at what is said of an object when the wait is over: by
// the context, which the test ends when it is told of a state, or by itself.
func TestWaitEnds(t *testing.T) {
	cause := errors.New("timed out")
	deleted := "it was deleted; rerun the same command"
	for _, test := range []struct {
		name, kind string
		has        bool
		change     change
		// on is the message at which the test ends the context.
		on        string
		wantState State
		want      string
		wantCause error
	}{
		{"at once", "Deployment", true, change{}, "Replicas: 0/1", InProgress, "Replicas: 0/1", cause},
		{"on its way", "Deployment", true, change{"MODIFIED", of(t, "Deployment", "a", "status: {replicas: 1, updatedReplicas: 1}\n").Object}, "Available: 0/1", InProgress, "Available: 0/1", cause},
		{"deleted", "Deployment", true, change{"DELETED", of(t, "Deployment", "a", notStarted).Object}, deleted, InProgress, deleted, cause},
		{"deleted before the watch", "Deployment", false, change{}, deleted, InProgress, deleted, cause},
		{"failed for good", "Job", true, change{"MODIFIED", of(t, "Job", "a", failed).Object}, "", Failed, "Job Failed. failed: 1/1", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := of(t, test.kind, "a", notStarted)
			path := map[string]string{"Deployment": deploymentsPath, "Job": jobsPath}[test.kind]
			server := &apiServer{has: map[string][]*unstructured.Unstructured{}, changes: map[string][]change{}}
			if test.has {
				server.has[path] = append(server.has[path], seen)
			}
			if test.change.Type != "" {
				server.changes[path] = append(server.changes[path], test.change)
			}
			ctx, cancel := context.WithCancelCause(bounded(t))
			told := &recorder{on: target(seen).Ref.String() + ": " + test.on, do: func() { cancel(cause) }}
			err := Wait(ctx, server.start(t), told.sink, []Target{target(seen)}, nil)
			var notReady *NotReadyError
			if !errors.As(err, &notReady) {
				t.Fatalf("the error is %v", err)
			}
			if notReady.Cause != test.wantCause {
				t.Errorf("the cause is %v, want %v", notReady.Cause, test.wantCause)
			}
			if len(notReady.Pending) != 1 || notReady.Pending[0].State != test.wantState || notReady.Pending[0].Message != test.want {
				t.Errorf("pending is %+v, want %q", notReady.Pending, test.want)
			}
		})
	}
}

// TestWaitFailedBefore has an object that was failed when it was applied.
func TestWaitFailedBefore(t *testing.T) {
	server := &apiServer{}
	err := Wait(bounded(t), server.start(t), func(event.Event) {}, []Target{
		target(of(t, "Deployment", "a", notStarted)), target(of(t, "Job", "b", failed)), target(of(t, "Deployment", "c", running)),
	}, nil)
	var notReady *NotReadyError
	if !errors.As(err, &notReady) || notReady.Cause != nil || len(notReady.Pending) != 1 {
		t.Fatalf("the error is %#v", err)
	}
	if only := notReady.Pending[0]; only.Ref.Name != "b" || only.State != Failed {
		t.Errorf("pending is %s", only.Ref)
	}
	if requests := server.took(); requests != nil {
		t.Errorf("the requests are %v", requests)
	}
}

// TestWaitForbidden ends at once, because no more tries would help.
func TestWaitForbidden(t *testing.T) {
	server := &apiServer{forbids: true}
	err := Wait(bounded(t), server.start(t), func(event.Event) {}, []Target{target(of(t, "Deployment", "a", notStarted))}, nil)
	if err == nil || !apierrors.IsForbidden(err) {
		t.Fatalf("the error is %v", err)
	}
	var notReady *NotReadyError
	if errors.As(err, &notReady) {
		t.Errorf("the error blames the object: %v", err)
	}
	if !strings.HasPrefix(err.Error(), "cannot watch deployments: ") {
		t.Errorf("the error is %q", err)
	}
}

func TestNotReadyError(t *testing.T) {
	cause := errors.New("timed out")
	pending := func(name string) Pending {
		return Pending{Target: target(of(t, "Deployment", name, notStarted)), Message: "Replicas: 0/1"}
	}
	for _, test := range []struct {
		pending []Pending
		want    string
	}{
		{[]Pending{pending("a")}, "deployment mesh/a is not ready: Replicas: 0/1"},
		{[]Pending{pending("b"), pending("a"), pending("c")}, "deployment mesh/b is not ready: Replicas: 0/1 (and 2 more)"},
	} {
		err := &NotReadyError{Pending: test.pending, Cause: cause}
		if err.Error() != test.want || !errors.Is(err, cause) {
			t.Errorf("the error is %q, want %q", err, test.want)
		}
	}
}
