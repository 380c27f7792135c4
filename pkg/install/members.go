package install

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// spare parts leftovers from objects that are withheld: the manifest still has
// these, and whoever applied them has done so knowingly, or with kubectl's
// view of hooks. They stay in the inventory until they are uninstalled.
func spare(all []manifest.Object, members []applyset.Object, namespace string) (leftovers, spared []applyset.Object) {
	withheld := map[event.Object]bool{}
	for _, object := range all {
		ref := manifest.Ref(object.Unstructured)
		withheld[ref] = true
		// Nobody has looked where its kind belongs.
		if ref.Namespace == "" {
			ref.Namespace = namespace
		} else {
			ref.Namespace = ""
		}
		withheld[ref] = true
	}
	for _, member := range members {
		if withheld[member.Ref] {
			spared = append(spared, member)
		} else {
			leftovers = append(leftovers, member)
		}
	}
	return leftovers, spared
}

// recordOf is what the parent has to say once the targets are applied. Whoever
// may not list namespaces can still manage a demo that has made none.
func recordOf(read manifest.Manifest, targets []apply.Target) applyset.Record {
	set := applyset.Record{Source: read.What}
	if read.Settings != nil {
		set.Settings = read.Settings.Encode()
	}
	for _, target := range targets {
		if target.Object.GetLabels()[applyset.PartOf] == "" {
			continue
		}
		set.Kinds = append(set.Kinds, kindOf(target))
		set.Namespaces = append(set.Namespaces, target.Ref.Namespace)
		if manifest.Stays(target.Object) {
			set.Objects = append(set.Objects, target.Ref)
		}
	}
	return set
}

// enroll labels the targets as members. A namespace that was there before is
// not one: it is not taken away with the rest.
func enroll(l *applyset.Inventory, targets []apply.Target) {
	for i := range targets {
		target := &targets[i]
		if manifest.IsNamespace(target.Object) && target.Live != nil && !applyset.IsMember(target.Live, l.ID()) {
			continue
		}
		labels := target.Object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[applyset.PartOf] = l.ID()
		target.Object.SetLabels(labels)
	}
}

// leftovers are the members that the targets do not have any more. An object
// that the manifest has under another API group is the same object.
func leftovers(members []applyset.Object, targets []apply.Target) []applyset.Object {
	uids, refs := map[types.UID]bool{}, map[event.Object]bool{}
	for _, target := range targets {
		refs[target.Ref] = true
		if target.Live != nil {
			uids[target.Live.GetUID()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(members), func(member applyset.Object) bool {
		return uids[member.Meta.UID] || refs[member.Ref]
	})
}

// pendingInventory is one that is being read, while the manifest is.
type pendingInventory struct {
	done      chan struct{}
	stop      context.CancelFunc
	inventory *applyset.Inventory
	err       error
}

// readInventory starts to read the inventory, unless no cluster is to be asked.
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
