package install

import (
	"context"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/hold"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// Beside is an installation of its own that needs the mesh and is waited for with
// it, such as that of a sample.
type Beside struct {
	// Workloads are what is held of the manifest comes behind, but for the mesh.
	Workloads []event.Object
	// Run installs it, once the pods of the mesh have begun and istiod is ready. What
	// it does is told to the sink; that it fails ends the install, but only when
	// everything else is done.
	Run func(context.Context, event.Sink) error
}

// besideGroup is what Beside waits for, if this is its phase: it is that of the
// mesh.
func (r *rollout) besideGroup(phase schedule.Phase) *hold.Group {
	if r.install.Beside == nil || r.begun || r.engine.DryRun || !r.install.Wait || len(phase.Writers) == 0 {
		return nil
	}
	return &hold.Group{Ready: r.refs(phase.Writers), Behind: r.refs(phase.Mesh)}
}

// runBeside installs what is beside, and lets go what comes behind it when it has
// ended.
func (r *rollout) runBeside(ctx context.Context, h *held) error {
	workloads := map[event.Object]bool{}
	for _, workload := range r.install.Beside.Workloads {
		workloads[workload] = true
		defer h.hold.Ready(workload)
	}
	tell := event.OfObjects(r.install.Sink)
	return r.install.Beside.Run(ctx, func(e event.Event) {
		tell(e)
		switch e := e.(type) {
		case event.Applied:
			if workloads[e.Object] {
				h.hold.Created(e.Object, time.Unix(0, 0), false) // after which all its events are
			}
		case event.Ready:
			h.hold.Ready(e.Object)
		}
	})
}
