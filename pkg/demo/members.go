package demo

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// ledger is the inventory as an install, a diff or an uninstall uses it.
type ledger struct {
	parent *inventory.Parent
	// before is what the parent said at first; found is false where there was
	// none.
	before inventory.Set
	found  bool
}

// openLedger reads the inventory of a namespace.
func openLedger(ctx context.Context, cluster *Cluster, namespace string) (*ledger, error) {
	book := &ledger{parent: &inventory.Parent{Client: cluster.Core, Namespace: namespace}}
	var err error
	book.before, book.found, err = book.parent.Read(ctx)
	return book, err
}

// id is the value of the label of members.
func (l *ledger) id() string { return inventory.ID(l.parent.Namespace) }

// members gives what is on the cluster of the sets' places.
func (l *ledger) members(ctx context.Context, cluster *Cluster, kinds *discover.Kinds, set inventory.Set) ([]inventory.Object, error) {
	return inventory.Members(ctx, cluster.Metadata, places(kinds, set), l.id(), apply.FieldManager)
}

// places are where the members of a set can be. A kind that is not served has
// no objects.
func places(kinds *discover.Kinds, set inventory.Set) []inventory.Place {
	var all []inventory.Place
	for _, gk := range set.Kinds {
		kind, served := kinds.Find(gk)
		switch {
		case !served:
		case !kind.Namespaced:
			all = append(all, inventory.Place{Kind: gk, Resource: kind.Resource})
		default:
			for _, namespace := range set.Namespaces {
				all = append(all, inventory.Place{Kind: gk, Resource: kind.Resource, Namespace: namespace})
			}
		}
	}
	return all
}

// setOf is what the parent has to say once the targets are applied.
func setOf(source string, targets []apply.Target) inventory.Set {
	set := inventory.Set{Source: source}
	for _, target := range targets {
		set.Kinds = append(set.Kinds, schema.GroupKind{Group: target.Ref.Group, Kind: target.Ref.Kind})
		set.Namespaces = append(set.Namespaces, target.Ref.Namespace)
	}
	return set
}

// setOfObjects is the same for objects of the cluster.
func setOfObjects(source string, objects []inventory.Object) inventory.Set {
	set := inventory.Set{Source: source}
	for _, object := range objects {
		set.Kinds = append(set.Kinds, schema.GroupKind{Group: object.Ref.Group, Kind: object.Ref.Kind})
		set.Namespaces = append(set.Namespaces, object.Ref.Namespace)
	}
	return set
}

// enroll labels the targets as members. A namespace that was there before is
// not one: it is not taken away with the rest.
func (l *ledger) enroll(targets []apply.Target) {
	for i := range targets {
		target := &targets[i]
		if manifest.IsNamespace(target.Object) && target.Live != nil && target.Live.GetLabels()[inventory.PartOf] != l.id() {
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
	uids := map[types.UID]bool{}
	for _, target := range targets {
		if target.Live != nil {
			uids[target.Live.GetUID()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(members), func(member inventory.Object) bool { return uids[member.Meta.UID] })
}
