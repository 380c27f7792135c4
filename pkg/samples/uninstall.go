package samples

import (
	"context"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// Uninstall takes a sample away, and the namespace's label if the sample
// has put it there and no other one wants it.
type Uninstall struct {
	// Uninstall says how. Its Inventory is set here.
	uninstall.Uninstall
	Sample string
}

// Run returns what Uninstall.Run does, its errors included; unlabelled tells
// whether the namespace has lost its label.
func (s *Uninstall) Run(ctx context.Context) (removal uninstall.Removal, unlabelled bool, err error) {
	s.Inventory = applyset.SampleName(s.Sample)
	removal, err = s.Uninstall.Run(ctx)
	if err != nil || s.DryRun != event.DryRunNone {
		return removal, false, err
	}
	unlabelled, err = releaseLabels(ctx, s.Cluster, s.Namespace, s.Inventory)
	return removal, unlabelled, cluster.CauseOf(ctx, err)
}
