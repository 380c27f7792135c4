package apply

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// UnservedError says that the server does not serve the kind of an object.
type UnservedError struct {
	Ref event.Object
	err error
}

func (e *UnservedError) Error() string { return fmt.Sprintf("cannot read %s: %v", e.Ref, e.err) }

func (e *UnservedError) Unwrap() error { return e.err }

// many is how many objects are worth a round trip to know the namespaces first.
const many = 200

// Observe fills in Live of every target, with one request each, all at once.
// Where there are many, what is in namespaces that do not exist is not asked
// for, but for one object of each resource. The error is an UnservedError where
// a kind is not served that is not going to be defined, either.
func (e *Engine) Observe(ctx context.Context, targets []Target) error {
	var namespaces, others []int
	for i := range targets {
		if len(targets) > many && targets[i].groupKind() == (schema.GroupKind{Kind: "Namespace"}) {
			namespaces = append(namespaces, i)
		} else {
			others = append(others, i)
		}
	}
	if err := e.observeSome(ctx, targets, namespaces); err != nil {
		return err
	}
	absent := map[string]bool{}
	for _, i := range namespaces {
		absent[targets[i].Ref.Name] = targets[i].Live == nil && !targets[i].Hidden
	}
	asked := map[schema.GroupVersionResource]bool{}
	others = slices.DeleteFunc(others, func(i int) bool {
		known := asked[targets[i].Resource]
		asked[targets[i].Resource] = true
		return known && absent[targets[i].Ref.Namespace]
	})
	return e.observeSome(ctx, targets, others)
}

// observeSome observes the targets of some indices.
func (e *Engine) observeSome(ctx context.Context, targets []Target, indices []int) error {
	return each(ctx, make(chan struct{}, reading), nil, len(indices), func(ctx context.Context, n int) error {
		target := &targets[indices[n]]
		target.Live, target.Hidden = nil, false // also where it was observed before
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

// get reads what action needs to compare, and of a CRD what redefined does.
func (e *Engine) get(ctx context.Context, target *Target) (metav1.Object, error) {
	resource := target.Resource
	if target.Unverifiable && !target.Served.Empty() {
		resource = target.Served
	}
	if e.DryRun || target.IfAbsent {
		return e.Dynamic.Resource(resource).Namespace(target.Ref.Namespace).Get(ctx, target.Ref.Name, metav1.GetOptions{})
	}
	if isCRD(target.Object) {
		live, err := e.Dynamic.Resource(resource).Get(ctx, target.Ref.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return &definition{live, live}, nil
	}
	return e.Metadata.Resource(resource).Namespace(target.Ref.Namespace).Get(ctx, target.Ref.Name, metav1.GetOptions{})
}
