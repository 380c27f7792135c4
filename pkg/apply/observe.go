package apply

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// UnservedError says that the server does not serve the kind of an object.
type UnservedError struct {
	Ref event.Object
	err error
}

func (e *UnservedError) Error() string { return fmt.Sprintf("cannot read %s: %v", e.Ref, e.err) }

func (e *UnservedError) Unwrap() error { return e.err }

// Observe fills in Live of every target, with one request each, all at once.
// The error is an UnservedError where a kind is not served that is not going to
// be defined, either.
func (e *Engine) Observe(ctx context.Context, targets []Target) error {
	return each(ctx, make(chan struct{}, reading), nil, targets, func(ctx context.Context, i int) error {
		target := &targets[i]
		live, err := e.get(ctx, target)
		if apierrors.IsNotFound(err) {
			// Where nothing is served, the answer is no Status of the API's.
			if apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) && !target.Unverifiable {
				return &UnservedError{target.Ref, err}
			}
			return nil
		}
		if apierrors.IsForbidden(err) && target.IfAbsent {
			target.Hidden = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", target.Ref, err)
		}
		target.Live = live
		return nil
	})
}

// get reads what action needs to compare.
func (e *Engine) get(ctx context.Context, target *Target) (metav1.Object, error) {
	resource := target.Resource
	if target.Unverifiable && !target.Served.Empty() {
		resource = target.Served
	}
	if e.DryRun || target.IfAbsent {
		return e.Dynamic.Resource(resource).Namespace(target.Ref.Namespace).Get(ctx, target.Ref.Name, metav1.GetOptions{})
	}
	return e.Metadata.Resource(resource).Namespace(target.Ref.Namespace).Get(ctx, target.Ref.Name, metav1.GetOptions{})
}
