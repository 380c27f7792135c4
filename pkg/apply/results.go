package apply

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Objects returns the objects of targets.
func Objects(targets []Target) []*unstructured.Unstructured {
	objects := make([]*unstructured.Unstructured, len(targets))
	for n := range targets {
		objects[n] = targets[n].Object
	}
	return objects
}

// InOrder sorts results as the targets are.
func InOrder(results []Result, targets []Target) {
	at := map[event.Object]int{}
	for n, target := range targets {
		at[target.Ref] = n
	}
	slices.SortStableFunc(results, func(a, b Result) int { return at[a.Ref] - at[b.Ref] })
}

// Count tells of how many objects each action was the outcome.
func Count(results []Result) map[event.Action]int {
	counts := map[event.Action]int{}
	for _, result := range results {
		counts[result.Action]++
	}
	return counts
}

// With names the objects of which an action was the outcome.
func With(results []Result, action event.Action) []event.Object {
	var refs []event.Object
	for _, result := range results {
		if result.Action == action {
			refs = append(refs, result.Ref)
		}
	}
	return refs
}

// FailureOf returns the errors of several applies that tell something: not those of
// what was only halted because of another. After the end of the context there is
// one.
func FailureOf(ctx context.Context, errs []error) error {
	failed := errors.Join(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, ErrHalted) })...)
	if failed == nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failed
}
