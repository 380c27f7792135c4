package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

const (
	// parallel bounds the requests under way.
	parallel = 32
	// page is how many objects the server sends at once.
	page = 500
)

// Place is where objects of one kind are looked for.
type Place struct {
	Kind     schema.GroupKind
	Resource schema.GroupVersionResource
	// Namespace is empty for a kind without namespaces, or for all of them.
	Namespace string
}

// Object is an object of the cluster, as far as its metadata tells.
type Object struct {
	Ref      event.Object
	Resource schema.GroupVersionResource
	Meta     *metav1.PartialObjectMetadata
}

// List gives the objects of the places that a label selector matches, all if
// it is empty, sorted; one request a place, all at once. Kinds that the
// cluster no longer serves have none.
func List(ctx context.Context, client metadata.Interface, places []Place, selector string) ([]Object, error) {
	var mutex sync.Mutex
	var found []Object
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, place := range places {
		group.Go(func() error {
			objects, err := list(ctx, client, place, selector)
			mutex.Lock()
			defer mutex.Unlock()
			found = append(found, objects...)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b Object) int { return compare(a.Ref, b.Ref) })
	return found, nil
}

// Members gives the members of the set with an ID that a field manager has
// applied. The label alone would not do: it is copied by whoever makes an
// object of their own from one of ours, and by controllers, from a Service to
// its EndpointSlices for instance.
func Members(ctx context.Context, client metadata.Interface, places []Place, id, manager string) ([]Object, error) {
	found, err := List(ctx, client, places, PartOf+"="+id)
	return slices.DeleteFunc(found, func(object Object) bool {
		return !slices.ContainsFunc(object.Meta.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationApply
		})
	}), err
}

func list(ctx context.Context, client metadata.Interface, place Place, selector string) ([]Object, error) {
	var found []Object
	options := metav1.ListOptions{LabelSelector: selector, Limit: page}
	for {
		answer, err := client.Resource(place.Resource).Namespace(place.Namespace).List(ctx, options)
		if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", place.Resource.GroupResource(), err)
		}
		for i := range answer.Items {
			item := &answer.Items[i]
			found = append(found, Object{
				Ref: event.Object{
					Group:     place.Kind.Group,
					Kind:      place.Kind.Kind,
					Namespace: item.Namespace,
					Name:      item.Name,
				},
				Resource: place.Resource,
				Meta:     item,
			})
		}
		if options.Continue = answer.Continue; options.Continue == "" {
			return found, nil
		}
	}
}

func compare(a, b event.Object) int {
	return cmp.Or(
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Group, b.Group),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Name, b.Name),
	)
}
