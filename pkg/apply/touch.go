package apply

import (
	"context"
	"maps"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

// Touched is an annotation that an object bears for a moment.
const Touched = managedfields.Manager + "/touched"

// Touch updates objects that were applied twice, so that they are in the end
// what they were: one annotation more, and then one less.
func (e *Engine) Touch(ctx context.Context, targets []Target) error {
	quietly := *e
	quietly.Sink = event.Discard
	var marked, plain []Target
	for _, target := range targets {
		// Adopting and recreating were for the first time.
		target = Target{Ref: target.Ref, Object: target.Object, Resource: target.Resource, Source: target.Source, Live: target.Live}
		plain = append(plain, target)
		annotations := maps.Clone(target.Object.GetAnnotations())
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[Touched] = "true"
		target.Object = target.Object.DeepCopy()
		target.Object.SetAnnotations(annotations)
		marked = append(marked, target)
	}
	if _, err := quietly.Apply(ctx, marked); err != nil {
		return err
	}
	_, err := quietly.Apply(ctx, plain)
	return err
}
