package install

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// stuckAfter is when a CRD that is not established is taken to be stuck. One
// API server takes well under a second, several take five.
const stuckAfter = 10 * time.Second

// staleFor is how long a CRD may go on saying what was wrong with it before it
// was mended.
const staleFor = 3 * time.Second

var errStuck = errors.New("not established in time")

// established waits until the API server serves the CRDs of a wave, and tells
// what they wait for.
//
// An API server that dies after it has accepted the names of a CRD and before
// it has established it may forget it for minutes. When it runs again, it
// queues for establishing only CRDs that are updated, and not those that it
// finds (k8s.io/apiextensions-apiserver, pkg/apiserver/customresource_handler.go,
// updateCustomResourceDefinition; pkg/controller/establish). A resync of its
// cache counts as an update, but comes every five minutes. So whatever stays
// like that for a while is updated here.
func (i *Install) established(ctx context.Context, engine *apply.Engine, targets []apply.Target, results []apply.Result, tell event.Sink) error {
	var crds []ready.Target
	for _, target := range readiness(targets, results, nil) {
		if manifest.IsCRD(target.Object) {
			target.Doubt = staleFor
			crds = append(crds, target)
		}
	}
	for {
		round, stop := context.WithTimeoutCause(ctx, stuckAfter, errStuck)
		err := ready.Wait(round, i.Cluster.CRDs(), tell, crds, nil)
		stop()
		var waiting *ready.NotReadyError
		if !errors.As(err, &waiting) || !errors.Is(waiting.Cause, errStuck) {
			return err
		}
		crds = nil
		stuck := map[event.Object]bool{}
		for _, pending := range waiting.Pending {
			crds = append(crds, pending.Target)
			stuck[pending.Ref] = namesAccepted(pending.Object)
		}
		left := slices.DeleteFunc(slices.Clone(targets), func(target apply.Target) bool { return !stuck[target.Ref] })
		if err := engine.Touch(ctx, left); err != nil {
			return err
		}
	}
}

// namesAccepted reports whether nothing stands in the way of establishing a CRD.
func namesAccepted(definition *unstructured.Unstructured) bool {
	return untyped.HasCondition(definition, "NamesAccepted")
}
