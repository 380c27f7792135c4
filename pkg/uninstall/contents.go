package uninstall

import (
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
)

// contents returns what somebody has put into a namespace: not what appeared by
// itself, not what is ours or belongs to that, and not the inventory of the
// objects that go. The error is an unseen where a part of the cluster's kinds
// does not answer.
func (r *Remover) contents(ctx context.Context, namespace string, ours map[types.UID]bool) ([]applyset.Object, error) {
	if err := r.Kinds.Broken(); err != nil {
		return nil, &unseen{err}
	}
	var places []applyset.Place
	for gk, kind := range r.Kinds.All() {
		if kind.Namespaced && applyset.IsContent(gk) {
			places = append(places, applyset.Place{Kind: gk, Resource: kind.Resource, Namespace: namespace})
		}
	}
	found, err := applyset.List(ctx, r.Cluster.Metadata, places, "")
	if err != nil {
		return nil, err
	}
	return heads(strangers(found, ours, r.Inventory.Object()), found), nil
}

// strangers leaves out what goes by itself with our objects, or appeared by
// itself, and the inventory.
func strangers(found []applyset.Object, ours map[types.UID]bool, inventory applyset.Object) []applyset.Object {
	goes := maps.Clone(ours)
	for more := true; more; {
		more = false
		for _, object := range found {
			if !goes[object.Meta.UID] && ownedBy(object, goes) {
				goes[object.Meta.UID], more = true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(object applyset.Object) bool {
		return goes[object.Meta.UID] || appeared(object) || object.Ref == inventory.Ref
	})
}

// heads leaves out what belongs to another object of the namespace: of a
// Deployment, its pods. Where all of it belongs to something, in a circle or to
// what appeared by itself, all of it is given.
func heads(objects, found []applyset.Object) []applyset.Object {
	here := applyset.UIDs(found)
	_, heads := applyset.Partition(objects, func(object applyset.Object) bool { return ownedBy(object, here) })
	if len(heads) == 0 {
		return objects
	}
	return heads
}

func ownedBy(object applyset.Object, owners map[types.UID]bool) bool {
	return slices.ContainsFunc(object.Meta.OwnerReferences, func(owner metav1.OwnerReference) bool { return owners[owner.UID] })
}

// appeared tells what nobody has put there. A PersistentVolumeClaim has been made
// by a controller for somebody's data. Of the ServiceAccount that every namespace
// has, the server notes no manager, because nobody has set a field.
func appeared(object applyset.Object) bool {
	switch object.GroupKind().String() {
	case "PersistentVolumeClaim":
		return false
	case "ServiceAccount":
		if object.Ref.Name == metav1.NamespaceDefault {
			return true
		}
	}
	return applyset.ByController(object.Meta)
}
