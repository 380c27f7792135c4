// Package apply puts objects on a cluster with server-side apply, a wave at a
// time and the objects of a wave in parallel.
package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

const (
	// parallel bounds the writes under way, and reading the reads. The server's
	// own priority and fairness queues them fairly beyond what it can take, and
	// it takes 100 streams in one HTTP/2 connection
	// (k8s.io/apiserver, pkg/server/secure_serving.go), of which some are left
	// to watches. The more there are, the more of them etcd writes to its disk
	// at once.
	parallel = 80
	reading  = 64

	// patience is how long requests under way may take to end after an
	// interruption, so that what is said to be applied is what was applied.
	patience = 3 * time.Second
)

// Target is an object to apply and where it lives.
type Target struct {
	Ref      event.Object
	Object   *unstructured.Unstructured
	Resource schema.GroupVersionResource
	// Served is where the object can be read until its own version is served,
	// if that is going to be defined; otherwise it is empty or the same kind.
	Served schema.GroupVersionResource
	// Source says where the object was written; errors begin with it.
	Source string
	// Live is the object before the apply, nil if it is absent: all of it in
	// a dry run, and the metadata only where that is enough.
	Live metav1.Object
	// IfAbsent leaves the object alone if it exists. Hidden is set by Observe
	// where that cannot be told, because the user may not look.
	IfAbsent, Hidden bool
	// Adopt takes the object over from whoever owned it before. Claimed marks one
	// that another tool manages, too, and that is therefore not recreated.
	Adopt, Claimed bool
	// RunsAgain marks a Job that is made anew, without Engine.Recreate, where
	// it differs or has failed.
	RunsAgain bool
	// Unverifiable marks an object that a server-side dry run cannot ask
	// about, because its namespace or definition does not exist yet.
	Unverifiable bool

	// Recreate is set by Verify where the object has to be made anew, and Changes
	// where the spec changes.
	Recreate, Changes bool
}

// Result is an object as the server stored it, or would have.
type Result struct {
	Ref    event.Object
	Stored *unstructured.Unstructured
	Action event.Action
}

// Engine applies. All fields are needed, but for the options. It can be used by
// many goroutines once Telling has been called, if it is; at most 80 writes of
// an Apply, or of all engines that Telling has given, are under way at once.
// Its errors are a RefusalError for each object, which Refusals finds, those of
// Delete, and where it only reads those of the API server.
type Engine struct {
	Dynamic  dynamic.Interface
	Metadata metadata.Interface
	Sink     event.Sink

	// Force takes fields over from other managers. BuiltIn is set where users can
	// leave nothing out of the manifest.
	Force, BuiltIn bool
	// Recreate deletes objects and makes them anew where a field cannot be
	// changed and nothing is lost by it; Delete is how, and needed for that.
	Recreate bool
	Delete   func(context.Context, Target) error
	// DryRun has the server check everything and store nothing.
	DryRun bool
	// Accept, if set, is asked about an object that has come, or has become
	// another one, since it was observed. It is not applied to where this gives
	// an error.
	Accept func(live metav1.Object) error
	// Validation is what becomes of fields that an object's kind does not have:
	// with "Strict" the object is refused; with "Warn", which empty means, too,
	// and "Ignore" they are left out, and told or not.
	Validation string

	// Unanswered, if set, is told of each object of a dry run or of Verify that a
	// webhook could not be asked about. Where it gives true, the object counts as
	// unverified; otherwise it is refused.
	Unanswered func(Unanswered) bool

	// Halt, if set, is shared by engines of which none is to begin anything more
	// once one has failed.
	Halt *Halt

	// writes has room for the writes under way of all that Telling has given.
	writes chan struct{}
}

// Telling returns an engine that does the same and tells another sink. Writes of
// both count together where their number is bounded.
func (e *Engine) Telling(sink event.Sink) *Engine {
	if e.writes == nil {
		e.writes = make(chan struct{}, parallel)
	}
	telling := *e
	telling.Sink = sink
	return &telling
}

// slots returns the room for writes.
func (e *Engine) slots() chan struct{} {
	if e.writes == nil {
		return make(chan struct{}, parallel)
	}
	return e.writes
}

// Apply applies the targets of one wave. It gives what was stored, in the
// order of the targets, also when it fails; after a failure no further
// request is sent, but those under way are waited for. The error is ErrHalted
// where something else has failed and not everything was begun.
func (e *Engine) Apply(ctx context.Context, targets []Target) ([]Result, error) {
	results := make([]Result, len(targets))
	err := each(ctx, e.slots(), e.Halt, len(targets), func(ctx context.Context, i int) error {
		result, err := e.apply(ctx, targets[i])
		if err != nil {
			return err
		}
		results[i] = result
		e.Sink(event.Applied{Object: result.Ref, Action: result.Action})
		return nil
	})
	return slices.DeleteFunc(results, func(result Result) bool { return result.Stored == nil }), err
}

// apply applies one object with one request.
func (e *Engine) apply(ctx context.Context, target Target) (Result, error) {
	if e.DryRun && target.Unverifiable {
		return Result{Ref: target.Ref, Stored: target.Object, Action: event.Unverified}, nil
	}
	if live, ok := target.Live.(*unstructured.Unstructured); ok && target.IfAbsent {
		return Result{Ref: target.Ref, Stored: live, Action: event.Unchanged}, nil
	}
	if target.Adopt && !e.DryRun {
		if err := e.takeOver(ctx, target); err != nil {
			return Result{}, err
		}
	}
	stored, err := e.put(ctx, target)
	var appeared *appearedError
	if errors.As(err, &appeared) && target.IfAbsent {
		return Result{Ref: target.Ref, Stored: appeared.live, Action: event.Unchanged}, nil
	}
	if e.DryRun && (e.recreates(target, stored, err) || e.passes(target, err)) {
		return Result{Ref: target.Ref, Stored: target.Object, Action: event.Unverified}, nil
	}
	if err != nil {
		return Result{}, e.refusal(target, err)
	}
	return Result{Ref: target.Ref, Stored: stored, Action: action(target.Live, stored)}, nil
}

// put stores a target, or has the server check it.
func (e *Engine) put(ctx context.Context, target Target) (*unstructured.Unstructured, error) {
	if target.Recreate && !e.DryRun {
		return e.replace(ctx, target)
	}
	return e.patch(ctx, target, e.DryRun)
}

type appliedKey struct{}

// WithApplied returns a context that says which object its requests apply.
func WithApplied(ctx context.Context, object event.Object) context.Context {
	return context.WithValue(ctx, appliedKey{}, object)
}

// Applied returns the object that a request of this context applies; it is false
// where the request is another one.
func Applied(ctx context.Context) (event.Object, bool) {
	object, known := ctx.Value(appliedKey{}).(event.Object)
	return object, known
}

// send sends the one request. The server is not asked to validate fields: those
// that it has no schema for it refuses in every apply, and what it does beyond
// that is to read the body a second time, as YAML, in search of keys that come
// twice (k8s.io/apiserver, pkg/endpoints/handlers/patch.go,
// applyPatchToCurrentObject). What is encoded here has each key once.
func (e *Engine) send(ctx context.Context, target Target, dryRun bool) (*unstructured.Unstructured, error) {
	live := target.Live
	if target.Recreate {
		live = nil
	}
	body, err := encode(precondition(yield(target.Object, live), live))
	if err != nil {
		return nil, fmt.Errorf("cannot encode the object: %w", err)
	}
	force := e.Force || target.Adopt
	options := metav1.PatchOptions{FieldManager: managedfields.Manager, Force: &force, FieldValidation: metav1.FieldValidationIgnore}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return e.resource(target).
		Patch(WithApplied(ctx, target.Ref), target.Ref.Name, types.ApplyPatchType, body, options)
}

// action tells from the object before and after what the server did. An
// apply that changes nothing keeps the resourceVersion (KEP-555, server-side
// apply). A dry run keeps it, too; there the contents tell.
func action(before metav1.Object, after *unstructured.Unstructured) event.Action {
	full, dryRun := before.(*unstructured.Unstructured)
	switch {
	case before == nil || before.GetUID() != after.GetUID():
		return event.Created
	case dryRun && sameContent(full, after):
		return event.Unchanged
	case dryRun:
		return event.Configured
	case before.GetResourceVersion() == after.GetResourceVersion() || onlyStatus(before, after):
		return event.Unchanged
	}
	return event.Configured
}

// onlyStatus reports whether an object has changed meanwhile in nothing but its
// status and in what controllers have added to its metadata. The generation
// counts all other changes, for kinds that have one.
func onlyStatus(before metav1.Object, after *unstructured.Unstructured) bool {
	return before.GetGeneration() > 0 && before.GetGeneration() == after.GetGeneration() &&
		within(before.GetLabels(), after.GetLabels()) && within(ownAnnotations(before), after.GetAnnotations()) &&
		ourFields(before) == ourFields(after)
}

// revision is an annotation that the controller of Deployments counts in.
const revision = "deployment.kubernetes.io/revision"

// ownAnnotations are those that no controller changes by itself.
func ownAnnotations(object metav1.Object) map[string]string {
	own := maps.Clone(object.GetAnnotations())
	delete(own, revision)
	return own
}

// within reports whether the one has all of the other's entries.
func within(some, all map[string]string) bool {
	for key, value := range some {
		if found, there := all[key]; !there || found != value {
			return false
		}
	}
	return true
}

// ourFields returns the names of the fields that we own, and of which version of
// the object they are.
func ourFields(object metav1.Object) string {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == managedfields.Manager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.FieldsV1 != nil {
			return entry.APIVersion + string(entry.FieldsV1.GetRawBytes())
		}
	}
	return ""
}

// sameContent compares all but what the server keeps count of by itself, and
// the status, in which controllers are at work meanwhile.
func sameContent(a, b *unstructured.Unstructured) bool {
	a, b = a.DeepCopy(), b.DeepCopy()
	for _, object := range []*unstructured.Unstructured{a, b} {
		object.SetManagedFields(nil)
		object.SetGeneration(0)
		object.SetResourceVersion("")
		delete(object.Object, "status")
	}
	return equality.Semantic.DeepEqual(a.Object, b.Object)
}
