package install

import (
	"context"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// pendingLedger is one that is being read, while the manifest is.
type pendingInventory struct {
	done      chan struct{}
	stop      context.CancelFunc
	inventory *applyset.Inventory
	err       error
}

// beginLedger starts to read the inventory, unless no cluster is to be asked.
// It is the first request, which the connection is made for.
func (i *Install) readInventory(ctx context.Context) *pendingInventory {
	ctx, stop := context.WithCancel(ctx)
	pending := &pendingInventory{done: make(chan struct{}), stop: stop}
	go func() {
		defer close(pending.done)
		defer cluster.Trace(ctx, "connect and read the inventory")()
		if i.Cluster != nil && i.DryRun != event.DryRunClient {
			pending.inventory, pending.err = applyset.Open(ctx, i.Cluster.Core, i.Inventory, i.Namespace.Name)
		}
	}()
	return pending
}

// wait returns what was read.
func (p *pendingInventory) wait(ctx context.Context) (*applyset.Inventory, error) {
	select {
	case <-p.done:
		return p.inventory, p.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// close ends the reading, if it is still going on, and returns when it has ended.
func (p *pendingInventory) close() {
	p.stop()
	<-p.done
}
