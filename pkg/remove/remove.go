// Package remove deletes objects from a cluster, each only if it is still the
// one that was looked at, and waits until they are gone.
package remove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/grace"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

const (
	// parallel bounds the requests under way.
	parallel = 32
	// inFlight is how long they may take to end after an interruption, so that
	// what is said to be deleted is what was deleted.
	inFlight = 3 * time.Second
)

// Target is an object to delete.
type Target struct {
	Ref      event.Object
	Resource schema.GroupVersionResource
	// UID tells the object from another one of the same name that somebody
	// has made since.
	UID types.UID
}

// Engine deletes. All fields are needed, but for the options. It can be used by
// many goroutines.
type Engine struct {
	// Client sends the deletions, because their answers say what is still
	// there, and Metadata watches that.
	Client   rest.Interface
	Metadata metadata.Interface
	Sink     event.Sink

	// DryRun has the server check everything and delete nothing.
	DryRun bool
}

// UnansweredError says which deletions were sent and not answered before the
// context ended: nobody knows whether they were accepted.
type UnansweredError struct {
	Objects []event.Object
	// Cause is the context's.
	Cause error
}

func (e *UnansweredError) Error() string {
	names := make([]string, len(e.Objects))
	for i, object := range e.Objects {
		names[i] = object.String()
	}
	return fmt.Sprintf("%v: no answer from the API server to the deletion of %s", e.Cause, strings.Join(names, ", "))
}

func (e *UnansweredError) Unwrap() error { return e.Cause }

// StuckError says what was deleted and is still there.
type StuckError struct {
	// Stuck says for each object what holds it.
	Stuck []Stuck
	// Cause is the context's.
	Cause error
}

// Stuck is an object that does not go, and why.
type Stuck struct {
	Object event.Object
	// Finalizers are those that hold it; empty where it is a grace period or
	// what the object owns.
	Finalizers []string
}

func (e *StuckError) Error() string {
	lines := make([]string, len(e.Stuck))
	for i, stuck := range e.Stuck {
		lines[i] = fmt.Sprintf("%v: %s is deleted, but %s", e.Cause, stuck.Object, stuck.why())
	}
	return strings.Join(lines, "\n")
}

func (e *StuckError) Unwrap() error { return e.Cause }

// IsStuck reports whether an error is, or holds, a *StuckError.
func IsStuck(err error) bool {
	var stuck *StuckError
	return errors.As(err, &stuck)
}

// EndsByItself reports whether only the API server's own finalizer holds a
// definition, which takes what is stored of its kind.
func (s Stuck) EndsByItself() bool {
	return slices.Equal(s.Finalizers, []string{apiextensions.CustomResourceCleanupFinalizer})
}

// why says what holds the object, and what can be done.
func (s Stuck) why() string {
	var others []string
	for _, finalizer := range s.Finalizers {
		if finalizer != metav1.FinalizerDeleteDependents && finalizer != metav1.FinalizerOrphanDependents {
			others = append(others, finalizer)
		}
	}
	if len(others) == 0 {
		return "its dependents still exist; rerun the same command to keep waiting"
	}
	if s.EndsByItself() {
		return "its custom resources still exist; list them with '" + shell.Line("kubectl get {} -A", s.Object.Name) + "'"
	}
	resource := strings.ToLower(s.Object.Kind)
	if s.Object.Group != "" {
		resource += "." + s.Object.Group
	}
	return fmt.Sprintf("its finalizer %s blocks the deletion; wait for its controller, or remove the finalizer: %s%s --type=merge -p '{\"metadata\":{\"finalizers\":null}}'",
		strings.Join(others, ", "), shell.Line("kubectl patch {} {}", resource, s.Object.Name), shell.In(s.Object.Namespace))
}

// Remove deletes the targets, all at once, and returns when they are gone. It
// gives those that it has deleted, in the order of the targets, also when it
// fails. What is another object by now is left out. When the context ends, no
// more requests are sent, and those under way have three seconds to end. The
// errors are those of the API server, one for each object that it does not let
// go; the context's cause or an UnansweredError when it ends before all are
// deleted; and a StuckError when it ends before all are gone.
func (e *Engine) Remove(ctx context.Context, targets []Target) ([]Target, error) {
	deleted, left, err := e.deleteAll(ctx, targets)
	if e.DryRun || err != nil && ctx.Err() != nil {
		return deleted, err
	}
	return deleted, errors.Join(err, e.gone(ctx, left))
}

// outcome is what became of a deletion.
type outcome struct {
	deleted bool
	held    *held
	err     error
}

// deleteAll sends the requests. Those for other objects go on after an error:
// one object that may not be deleted is no reason to leave the others.
func (e *Engine) deleteAll(ctx context.Context, targets []Target) (deleted []Target, left map[event.Object]*held, err error) {
	working, stop := grace.Extend(ctx, inFlight)
	defer stop()
	outcomes := make([]outcome, len(targets))
	slots := make(chan struct{}, parallel)
	var group sync.WaitGroup
	for i, target := range targets {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		group.Go(func() {
			defer func() { <-slots }()
			outcomes[i] = e.delete(working, target)
			if outcomes[i].deleted {
				e.Sink(event.Removed{Object: target.Ref})
			}
		})
	}
	group.Wait()
	return gather(ctx, working, targets, outcomes)
}

// gather returns what the outcomes are together.
func gather(ctx, working context.Context, targets []Target, outcomes []outcome) (deleted []Target, left map[event.Object]*held, err error) {
	left = map[event.Object]*held{}
	unanswered := &UnansweredError{Cause: context.Cause(ctx)}
	var errs []error
	for i, outcome := range outcomes {
		if outcome.deleted {
			deleted = append(deleted, targets[i])
		}
		if outcome.held != nil {
			left[targets[i].Ref] = outcome.held
		}
		var answer apierrors.APIStatus
		if outcome.err != nil && working.Err() != nil && !errors.As(outcome.err, &answer) {
			unanswered.Objects = append(unanswered.Objects, targets[i].Ref)
			continue
		}
		errs = append(errs, outcome.err)
	}
	err = errors.Join(errs...)
	switch {
	case len(unanswered.Objects) > 0:
		return deleted, left, errors.Join(err, unanswered)
	case ctx.Err() != nil && (err != nil || len(deleted) < len(targets)):
		return deleted, left, errors.Join(err, context.Cause(ctx))
	}
	return deleted, left, err
}

// asMetadata asks for objects without their contents, which nobody looks at. An
// answer that is a Status comes as it is.
const asMetadata = runtime.ContentTypeJSON + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1," + runtime.ContentTypeJSON

// delete sends one request.
func (e *Engine) delete(ctx context.Context, target Target) outcome {
	options := metav1.DeleteOptions{
		Preconditions:     &metav1.Preconditions{UID: &target.UID},
		PropagationPolicy: propagation(target.Ref),
	}
	if e.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	body, err := json.Marshal(options)
	if err != nil {
		return outcome{err: err}
	}
	result := e.Client.Delete().AbsPath(target.path()...).
		SetHeader("Accept", asMetadata).SetHeader("Content-Type", runtime.ContentTypeJSON).
		Body(body).Do(ctx)
	switch err := result.Error(); {
	case apierrors.IsNotFound(err):
		// It was there a moment ago: an answer was lost, or somebody helped.
		return outcome{deleted: true}
	case apierrors.IsConflict(err):
		return outcome{}
	case err != nil:
		return outcome{err: fmt.Errorf("cannot delete %s: %w", target.Ref, err)}
	}
	answer, err := result.Raw()
	if err != nil {
		return outcome{deleted: true, err: err}
	}
	return outcome{deleted: true, held: read(answer, target)}
}

// read tells from the answer to a deletion what is still held. What is gone at
// once is answered with a Status, or for some kinds with the object as it was;
// what waits for something, with the object and the time of its deletion
// (k8s.io/apiserver, pkg/registry/generic/registry/store.go, Delete).
func read(answer []byte, target Target) *held {
	var object metav1.PartialObjectMetadata
	if err := json.Unmarshal(answer, &object); err != nil || object.Kind == "" {
		return &held{target: target} // whatever that was, a watch will tell
	}
	isStatus := object.APIVersion == "v1" && object.Kind == "Status"
	if isStatus || object.DeletionTimestamp == nil {
		return nil
	}
	return &held{target, object.Finalizers}
}

// path is where the object is on the server.
func (t Target) path() []string {
	path := []string{"apis", t.Resource.Group, t.Resource.Version}
	if t.Resource.Group == "" {
		path = []string{"api", t.Resource.Version}
	}
	if t.Ref.Namespace != "" {
		path = append(path, "namespaces", t.Ref.Namespace)
	}
	return append(path, t.Resource.Resource, t.Ref.Name)
}

// propagation has workloads go with their pods: as long as a pod runs, what
// it uses stays.
func propagation(ref event.Object) *metav1.DeletionPropagation {
	policy := metav1.DeletePropagationBackground
	if ref.Group == "apps" || ref.Group == "batch" {
		policy = metav1.DeletePropagationForeground
	}
	return &policy
}
