package demo

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
)

// inside gives the user's objects that would go with an object: the custom
// resources of a definition, and what is in a namespace. Those of the removal
// itself do not count. The error is an unseen where that cannot be told. AsOf is
// when it was looked at.
func (r *removal) inside(ctx context.Context, object inventory.Object, ours map[types.UID]bool) (found []inventory.Object, asOf time.Time, err error) {
	asOf = time.Now()
	switch {
	case isDefinition(object):
		found, asOf, err = r.definitions.instances(ctx, object)
	case isNamespace(object):
		found, err = r.contents(ctx, object.Ref.Name, ours)
	}
	if apierrors.IsForbidden(err) {
		err = &unseen{err}
	}
	return slices.DeleteFunc(slices.Clone(found), func(object inventory.Object) bool { return ours[object.Meta.UID] }), asOf, err
}

// unseen is why nobody can tell whether something of the user's is in an
// object, which is a reason to keep it.
type unseen struct{ err error }

func (u *unseen) Error() string {
	return "it cannot be seen whether something of yours is in it: " + strings.Join(strings.Fields(u.err.Error()), " ")
}

func (u *unseen) Unwrap() error { return u.err }

// contents gives what somebody has put into a namespace: not what appeared by
// itself, not what belongs to something else that is there, and not the
// inventory of the objects that go.
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
	here := maps.Clone(ours)
	for _, object := range found {
		here[object.Meta.UID] = true
	}
	return slices.DeleteFunc(found, func(object inventory.Object) bool {
		follows := slices.ContainsFunc(object.Meta.OwnerReferences, func(owner metav1.OwnerReference) bool { return here[owner.UID] })
		return follows || appeared(object) ||
			object.Ref == r.book.object().Ref
	}), err
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

// appeared tells what nobody has put there. A claim for a volume has been
// made by a controller for somebody's data. Of the account that every
// namespace has, the server notes no manager, because nobody has set a field.
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
