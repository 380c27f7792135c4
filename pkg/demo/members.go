package demo

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
)

// ledger is the inventory as an install, a diff or an uninstall uses it.
type ledger struct {
	parent *inventory.Parent
	// before is what the parent said at first; found is false where there was
	// none.
	before inventory.Set
	found  bool
}

// openLedger reads an inventory of a namespace; without a name, the demo's.
func openLedger(ctx context.Context, client typedcorev1.ConfigMapsGetter, name, namespace string) (*ledger, error) {
	book := &ledger{parent: &inventory.Parent{Client: client, Name: cmp.Or(name, inventory.ParentName), Namespace: namespace}}
	var err error
	book.before, book.found, err = book.parent.Read(ctx)
	return book, err
}

// pendingLedger is one that is being read, while the manifest is.
type pendingLedger struct {
	done chan struct{}
	stop context.CancelFunc
	book *ledger
	err  error
}

// beginLedger starts to read the inventory, unless no cluster is to be asked.
// It is the first request, which the connection is made for.
func (i *Install) beginLedger(ctx context.Context) *pendingLedger {
	ctx, stop := context.WithCancel(ctx)
	pending := &pendingLedger{done: make(chan struct{}), stop: stop}
	go func() {
		defer close(pending.done)
		defer phase(ctx, "connect and read the inventory")()
		if i.Cluster != nil && i.DryRun != event.DryRunClient {
			pending.book, pending.err = openLedger(ctx, i.Cluster.Core, i.Inventory, i.Namespace.Name)
		}
	}()
	return pending
}

// wait gives what was read.
func (p *pendingLedger) wait(ctx context.Context) (*ledger, error) {
	select {
	case <-p.done:
		return p.book, p.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// close ends the reading, if it is still going on, and returns when it has ended.
func (p *pendingLedger) close() {
	p.stop()
	<-p.done
}

// whose names for people what an inventory is of.
func whose(name string) string {
	if sample, is := strings.CutPrefix(name, samplePrefix); is {
		return "the sample " + sample
	}
	return "the demo"
}

// id is the value of the label of members.
func (l *ledger) id() string { return inventory.ID(l.parent.Name, l.parent.Namespace) }

// object is the parent, as an object among others.
func (l *ledger) object() inventory.Object {
	return inventory.Object{
		Ref:      event.Object{Kind: "ConfigMap", Namespace: l.parent.Namespace, Name: l.parent.Name},
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"},
	}
}

// members gives what is on the cluster of the set.
func (l *ledger) members(ctx context.Context, client metadata.Interface, kinds *discover.Kinds, set inventory.Set) ([]inventory.Object, error) {
	where, err := places(kinds, set)
	if err != nil {
		return nil, err
	}
	found, err := inventory.List(ctx, client, where, inventory.Selector(l.id()))
	return l.only(found), err
}

// search gives the members wherever they are, for want of a parent that says
// where; what the user may not see is left out.
func (l *ledger) search(ctx context.Context, client metadata.Interface, kinds *discover.Kinds) ([]inventory.Object, error) {
	if err := kinds.Broken(); err != nil {
		return nil, err
	}
	var everywhere []inventory.Place
	for gk, kind := range kinds.All() {
		if content(gk) {
			everywhere = append(everywhere, inventory.Place{Kind: gk, Resource: kind.Resource})
		}
	}
	found, err := inventory.Visible(ctx, client, everywhere, inventory.Selector(l.id()))
	return l.only(found), err
}

// only leaves the members of what carries their label. The parent is none.
func (l *ledger) only(found []inventory.Object) []inventory.Object {
	return slices.DeleteFunc(found, func(object inventory.Object) bool {
		return object.Ref == l.object().Ref || !ownership.Member(object.Meta, l.id(), apply.FieldManager)
	})
}

// places are where the members of a set can be. A kind that is not served has
// no objects; but of one whose server does not answer nobody knows.
func places(kinds *discover.Kinds, set inventory.Set) ([]inventory.Place, error) {
	var all []inventory.Place
	for _, gk := range set.Kinds {
		kind, served := kinds.Find(gk)
		switch {
		case !served:
			if err := kinds.BrokenGroup(gk.Group); err != nil {
				return nil, err
			}
		case !kind.Namespaced:
			all = append(all, inventory.Place{Kind: gk, Resource: kind.Resource})
		default:
			for _, namespace := range set.Namespaces {
				all = append(all, inventory.Place{Kind: gk, Resource: kind.Resource, Namespace: namespace})
			}
		}
	}
	return all, nil
}

// setOf is what the parent has to say once the targets are applied. Whoever
// may not list namespaces can still manage a demo that has made none.
func setOf(source string, targets []apply.Target) inventory.Set {
	set := inventory.Set{Source: source}
	for _, target := range targets {
		if target.Object.GetLabels()[inventory.PartOf] == "" {
			continue
		}
		set.Kinds = append(set.Kinds, kindOf(target))
		set.Namespaces = append(set.Namespaces, target.Ref.Namespace)
	}
	return set
}

// setOfObjects is the same for objects of the cluster.
func setOfObjects(source string, objects []inventory.Object) inventory.Set {
	set := inventory.Set{Source: source}
	for _, object := range objects {
		set.Kinds = append(set.Kinds, object.GroupKind())
		set.Namespaces = append(set.Namespaces, object.Ref.Namespace)
	}
	return set
}

// enroll labels the targets as members. A namespace that was there before is
// not one: it is not taken away with the rest.
func enroll(l *ledger, targets []apply.Target) {
	for i := range targets {
		target := &targets[i]
		if manifest.IsNamespace(target.Object) && target.Live != nil && !ownership.Member(target.Live, l.id(), apply.FieldManager) {
			continue
		}
		labels := target.Object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[inventory.PartOf] = l.id()
		target.Object.SetLabels(labels)
	}
}

// leftovers are the members that the targets do not have any more. An object
// that the manifest has under another API group is the same object.
func leftovers(members []inventory.Object, targets []apply.Target) []inventory.Object {
	uids, refs := map[types.UID]bool{}, map[event.Object]bool{}
	for _, target := range targets {
		refs[target.Ref] = true
		if target.Live != nil {
			uids[target.Live.GetUID()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(members), func(member inventory.Object) bool {
		return uids[member.Meta.UID] || refs[member.Ref]
	})
}

// still leaves those of the objects that are among the members that were
// found later.
func still(objects, members []inventory.Object) []inventory.Object {
	uids := map[types.UID]bool{}
	for _, member := range members {
		uids[member.Meta.UID] = true
	}
	return slices.DeleteFunc(slices.Clone(objects), func(object inventory.Object) bool { return !uids[object.Meta.UID] })
}
