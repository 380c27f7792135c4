package demo

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
)

// inside gives the user's objects that would go with an object: the custom
// resources of a definition, and what is in a namespace. Those of the removal
// itself do not count.
func (r *removal) inside(ctx context.Context, object inventory.Object, removed []inventory.Object) ([]inventory.Object, error) {
	var found []inventory.Object
	var err error
	switch {
	case isDefinition(object):
		found, err = r.instances(ctx, object)
	case isNamespace(object):
		found, err = r.contents(ctx, object.Ref.Name)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ours := map[types.UID]bool{}
	for _, object := range removed {
		ours[object.Meta.UID] = true
	}
	return slices.DeleteFunc(found, func(object inventory.Object) bool { return ours[object.Meta.UID] }), nil
}

// instances gives the custom resources of a definition, in all namespaces.
func (r *removal) instances(ctx context.Context, definition inventory.Object) ([]inventory.Object, error) {
	gk, served := r.kinds.FindResource(schema.ParseGroupResource(definition.Ref.Name))
	if !served {
		return nil, nil
	}
	kind, _ := r.kinds.Find(gk)
	return inventory.List(ctx, r.cluster.Metadata, []inventory.Place{{Kind: gk, Resource: kind.Resource}}, "")
}

// contents gives what somebody has put into a namespace: not what appeared by
// itself, and not the inventory.
func (r *removal) contents(ctx context.Context, namespace string) ([]inventory.Object, error) {
	var places []inventory.Place
	for gk, kind := range r.kinds.Namespaced() {
		if !content(gk) {
			continue
		}
		places = append(places, inventory.Place{Kind: gk, Resource: kind.Resource, Namespace: namespace})
	}
	found, err := inventory.List(ctx, r.cluster.Metadata, places, "")
	return slices.DeleteFunc(found, func(object inventory.Object) bool {
		return ownership.ByController(object.Meta) || comesWithNamespace(object) ||
			object.Ref.Kind == "ConfigMap" && object.Meta.Labels[inventory.IDLabel] == inventory.ID(namespace)
	}), err
}

// content tells kinds that say something of their own: not what is reported
// about other objects, or follows from them.
func content(kind schema.GroupKind) bool {
	return kind.Kind != "Event" && kind.Kind != "Endpoints" && kind.Group != "metrics.k8s.io"
}

// comesWithNamespace tells the account that every namespace has. The server
// notes no manager for it, because nobody has set a field.
func comesWithNamespace(object inventory.Object) bool {
	return object.Ref.Kind == "ServiceAccount" && object.Ref.Group == "" && object.Ref.Name == metav1.NamespaceDefault
}
