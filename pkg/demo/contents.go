package demo

import (
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
)

// contents gives what somebody has put into a namespace: not what appeared by
// itself, not what is ours or belongs to that, and not the inventory of the
// objects that go. The error is an unseen where a part of the cluster's kinds
// does not answer.
func (r *removal) contents(ctx context.Context, namespace string, ours map[types.UID]bool) ([]inventory.Object, error) {
	if err := r.kinds.Broken(); err != nil {
		return nil, &unseen{err}
	}
	var places []inventory.Place
	for gk, kind := range r.kinds.All() {
		if kind.Namespaced && content(gk) {
			places = append(places, inventory.Place{Kind: gk, Resource: kind.Resource, Namespace: namespace})
		}
	}
	found, err := inventory.List(ctx, r.cluster.Metadata, places, "")
	if err != nil {
		return nil, err
	}
	return heads(strangers(found, ours, r.book.object()), found), nil
}

// strangers leaves out what goes by itself with our objects, or appeared by
// itself, and the inventory.
func strangers(found []inventory.Object, ours map[types.UID]bool, book inventory.Object) []inventory.Object {
	goes := maps.Clone(ours)
	for more := true; more; {
		more = false
		for _, object := range found {
			if !goes[object.Meta.UID] && ownedBy(object, goes) {
				goes[object.Meta.UID], more = true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(object inventory.Object) bool {
		return goes[object.Meta.UID] || appeared(object) || object.Ref == book.Ref
	})
}

// heads leaves out what belongs to another object of the namespace: of a
// Deployment, its pods. Where all of it belongs to something, in a circle or to
// what appeared by itself, all of it is given.
func heads(objects, found []inventory.Object) []inventory.Object {
	here := uidsOf(found)
	_, heads := split(objects, func(object inventory.Object) bool { return ownedBy(object, here) })
	if len(heads) == 0 {
		return objects
	}
	return heads
}

func ownedBy(object inventory.Object, owners map[types.UID]bool) bool {
	return slices.ContainsFunc(object.Meta.OwnerReferences, func(owner metav1.OwnerReference) bool { return owners[owner.UID] })
}

// content tells kinds that say something of their own: not what is reported
// about other objects, or follows from them.
func content(kind schema.GroupKind) bool {
	switch kind.String() {
	case "Event", "Event.events.k8s.io", "Endpoints", "PodMetrics.metrics.k8s.io", "NodeMetrics.metrics.k8s.io":
		return false
	}
	return true
}

// appeared tells what nobody has put there. A PersistentVolumeClaim has been made
// by a controller for somebody's data. Of the ServiceAccount that every namespace
// has, the server notes no manager, because nobody has set a field.
func appeared(object inventory.Object) bool {
	switch object.GroupKind().String() {
	case "PersistentVolumeClaim":
		return false
	case "ServiceAccount":
		if object.Ref.Name == metav1.NamespaceDefault {
			return true
		}
	}
	return ownership.ByController(object.Meta)
}
