package applyset

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
	parallel = 64
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

// GroupKind returns the kind of the object.
func (o Object) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: o.Ref.Group, Kind: o.Ref.Kind}
}

// List returns the objects of the places that a label selector matches, all if it
// is empty, sorted. It takes one request for each 500 objects of a place, for
// up to 64 places at once. Kinds that the cluster no longer serves have none.
// The error is the API server's; then there are no objects.
func List(ctx context.Context, client metadata.Interface, places []Place, selector string) ([]Object, error) {
	return each(ctx, places, func(ctx context.Context, place Place) ([]Object, error) {
		return list(ctx, client, place, selector)
	})
}

// Visible is List without the places that the user may not look into; other
// errors are as there.
func Visible(ctx context.Context, client metadata.Interface, places []Place, selector string) ([]Object, error) {
	return each(ctx, places, func(ctx context.Context, place Place) ([]Object, error) {
		found, err := list(ctx, client, place, selector)
		if apierrors.IsForbidden(err) {
			return nil, nil
		}
		return found, err
	})
}

// each looks into all places at once.
func each(ctx context.Context, places []Place, look func(context.Context, Place) ([]Object, error)) ([]Object, error) {
	var mutex sync.Mutex
	var found []Object
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, place := range places {
		group.Go(func() error {
			objects, err := look(ctx, place)
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

// Selector matches the objects that carry the label of a set: its members, and
// what the label was copied to.
func Selector(id string) string { return PartOf + "=" + id }

// All returns every object at a place. Served is false where the server does not
// know the place, which need not mean that nothing is stored there. The error is
// the API server's.
func All(ctx context.Context, client metadata.Interface, place Place) (found []Object, served bool, err error) {
	found, err = pages(ctx, client, place, "")
	if unserved(err) {
		return nil, false, nil
	}
	return found, true, err
}

func unserved(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err)
}

// list returns nothing for a place that is not served.
func list(ctx context.Context, client metadata.Interface, place Place, selector string) ([]Object, error) {
	found, err := pages(ctx, client, place, selector)
	if unserved(err) {
		return nil, nil
	}
	return found, err
}

// pages lists page by page.
func pages(ctx context.Context, client metadata.Interface, place Place, selector string) ([]Object, error) {
	var found []Object
	options := metav1.ListOptions{LabelSelector: selector, Limit: page}
	for {
		answer, err := client.Resource(place.Resource).Namespace(place.Namespace).List(ctx, options)
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
