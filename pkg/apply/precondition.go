package apply

import (
	"context"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// createOnly is a resourceVersion that no object has: etcd gives its first write
// the second one. An apply with it creates what is absent and is refused, as a
// conflict, where there is something (k8s.io/apiserver,
// pkg/registry/generic/registry/store.go, Update).
const createOnly = "1"

// precondition returns the object as it is sent: to be created only where it was
// absent, and otherwise to change only the object that was seen.
func precondition(object *unstructured.Unstructured, live metav1.Object) *unstructured.Unstructured {
	fields, _ := object.Object["metadata"].(map[string]any)
	fields = maps.Clone(fields)
	delete(fields, "uid")
	delete(fields, "resourceVersion")
	if live == nil {
		fields["resourceVersion"] = createOnly
	} else if uid := live.GetUID(); uid != "" {
		fields["uid"] = string(uid)
	}
	sent := maps.Clone(object.Object)
	sent["metadata"] = fields
	return &unstructured.Unstructured{Object: sent}
}

// attempts bounds how often an object is looked at again that others delete and
// create at the same time.
const attempts = 5

// appearedError says that there is an object now that was to be created only if
// it was absent.
type appearedError struct{ live *unstructured.Unstructured }

func (e *appearedError) Error() string { return "already exists" }

// write sends a target as it was observed. Where that has changed, what is there
// now must be acceptable: an answer that was lost has the same effect as
// somebody who is faster.
func (e *Engine) write(ctx context.Context, target Target, dryRun bool) (*unstructured.Unstructured, error) {
	for range attempts {
		stored, err := e.send(ctx, target, dryRun)
		absent := target.Live == nil || target.Recreate
		if !apierrors.IsConflict(err) || !absent && len(conflictsOf(err)) > 0 {
			return stored, err
		}
		live, failed := e.get(ctx, &target)
		switch {
		case apierrors.IsNotFound(failed):
			target.Live = nil
			continue
		case failed != nil:
			return nil, failed
		}
		if full, whole := live.(*unstructured.Unstructured); whole && target.IfAbsent {
			return nil, &appearedError{full}
		}
		if e.Accept != nil {
			if err := e.Accept(live); err != nil {
				return nil, err
			}
		}
		target.Live, target.Recreate = live, false
	}
	return nil, fmt.Errorf("another client keeps deleting and creating it")
}
