package ready

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
)

// Place is where objects of one kind are watched.
type Place struct {
	Kind     schema.GroupKind
	Resource schema.GroupVersionResource
	// Namespace is empty for a kind without namespaces.
	Namespace string
}

// place is where a target is.
func (t *Target) place() Place {
	return Place{schema.GroupKind{Group: t.Ref.Group, Kind: t.Ref.Kind}, t.Resource, t.Ref.Namespace}
}

// group is what one watch serves.
type group struct {
	Place
	// names are those that are waited for, if that is known.
	names []string
}

func grouped(pending map[event.Object]*Pending) []*group {
	groups := map[Place]*group{}
	var all []*group
	for ref, p := range pending {
		at := p.place()
		if groups[at] == nil {
			groups[at] = &group{Place: at}
			all = append(all, groups[at])
		}
		groups[at].names = append(groups[at].names, ref.Name)
	}
	return all
}

// sighting is an object as a watch saw it, or the end of the watch.
type sighting struct {
	ref event.Object
	// object is nil where it is gone; version is then what it was last.
	object  *unstructured.Unstructured
	version string
	// err is why the place cannot be watched.
	err   error
	place Place
}

// watch tells of the objects that are waited for until the context ends.
func (g *group) watch(ctx context.Context, client dynamic.Interface, out chan<- sighting) {
	tell := func(s sighting) {
		select {
		case out <- s:
		case <-ctx.Done():
		}
	}
	narrow := func(options *metav1.ListOptions) {
		if len(g.names) == 1 {
			options.FieldSelector = fields.OneTermEqualSelector("metadata.name", g.names[0]).String()
		}
	}
	follower := &follow.Follower[*unstructured.Unstructured]{
		What:     g.Resource.Resource,
		Informer: dynamicinformer.NewFilteredDynamicInformer(client, g.Resource, g.Namespace, 0, cache.Indexers{}, narrow).Informer(),
		Seen: func(found *unstructured.Unstructured) {
			tell(sighting{ref: g.ref(found.GetName()), object: found, version: found.GetResourceVersion()})
		},
		Gone: func(gone *unstructured.Unstructured) {
			tell(sighting{ref: g.ref(gone.GetName()), version: gone.GetResourceVersion()})
		},
		Listed: func(there func(cache.ObjectName) bool) {
			// What the first list does not have was deleted before it.
			for _, name := range g.names {
				if !there(cache.NewObjectName(g.Namespace, name)) {
					tell(sighting{ref: g.ref(name)})
				}
			}
		},
	}
	if err := follower.Run(ctx); err != nil {
		tell(sighting{err: err, place: g.Place})
	}
}

func (g *group) ref(name string) event.Object {
	return event.Object{Group: g.Kind.Group, Kind: g.Kind.Kind, Namespace: g.Namespace, Name: name}
}
