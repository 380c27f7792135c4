package ready

import (
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
type Place = follow.Place

// place is where a target is.
func (t *Target) place() Place {
	return Place{Kind: schema.GroupKind{Group: t.Ref.Group, Kind: t.Ref.Kind}, Resource: t.Resource, Namespace: t.Ref.Namespace}
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

type (
	sighting = follow.Sighting[*unstructured.Unstructured]
	watches  = follow.Watches[*unstructured.Unstructured]
)

// begin watches the objects that are waited for.
func (g *group) begin(client dynamic.Interface, watches *watches) {
	narrow := func(options *metav1.ListOptions) {
		if len(g.names) == 1 {
			options.FieldSelector = fields.OneTermEqualSelector("metadata.name", g.names[0]).String()
		}
	}
	informer := dynamicinformer.NewFilteredDynamicInformer(client, g.Resource, g.Namespace, 0, cache.Indexers{}, narrow).Informer()
	watches.Begin(g.Place, informer, g.names, false)
}
