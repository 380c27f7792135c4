package applyset

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// IsContent tells kinds that say something of their own: not what is reported
// about other objects, or follows from them.
func IsContent(kind schema.GroupKind) bool {
	switch kind.String() {
	case "Event", "Event.events.k8s.io", "Endpoints", "PodMetrics.metrics.k8s.io", "NodeMetrics.metrics.k8s.io":
		return false
	}
	return true
}

// Inventory is the inventory as an install, a diff or an uninstall uses it.
type Inventory struct {
	Parent *Parent
	// Recorded is what the parent said at first; Exists is false where there was
	// none.
	Recorded Record
	Exists   bool
}

// Open reads an inventory of a namespace; without a name, the demo's.
func Open(ctx context.Context, client typedcorev1.ConfigMapsGetter, name, namespace string) (*Inventory, error) {
	inventory := &Inventory{Parent: &Parent{Client: client, Name: cmp.Or(name, ParentName), Namespace: namespace}}
	var err error
	inventory.Recorded, inventory.Exists, err = inventory.Parent.Read(ctx)
	return inventory, err
}

// Describe names for people what an inventory is of.
func Describe(name string) string {
	if sample, is := strings.CutPrefix(name, SamplePrefix); is {
		return "the sample " + sample
	}
	return "the demo"
}

// ID is the value of the label of members.
func (l *Inventory) ID() string { return ID(l.Parent.Name, l.Parent.Namespace) }

// Object is the parent, as an object among others.
func (l *Inventory) Object() Object {
	return Object{
		Ref:      event.Object{Kind: "ConfigMap", Namespace: l.Parent.Namespace, Name: l.Parent.Name},
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"},
	}
}

// Members returns what is on the cluster of the set.
func (l *Inventory) Members(ctx context.Context, client metadata.Interface, kinds *discover.Kinds, set Record) ([]Object, error) {
	where, err := Places(kinds, set)
	if err != nil {
		return nil, err
	}
	found, err := List(ctx, client, where, Selector(l.ID()))
	return l.only(found), err
}

// Search returns the members wherever they are, for want of a parent that says
// where; what the user may not see is left out.
func (l *Inventory) Search(ctx context.Context, client metadata.Interface, kinds *discover.Kinds) ([]Object, error) {
	if err := kinds.Broken(); err != nil {
		return nil, err
	}
	var everywhere []Place
	for gk, kind := range kinds.All() {
		if IsContent(gk) {
			everywhere = append(everywhere, Place{Kind: gk, Resource: kind.Resource})
		}
	}
	found, err := Visible(ctx, client, everywhere, Selector(l.ID()))
	return l.only(found), err
}

// only leaves the members of what carries their label. The parent is none.
func (l *Inventory) only(found []Object) []Object {
	return slices.DeleteFunc(found, func(object Object) bool {
		return object.Ref == l.Object().Ref || !IsMember(object.Meta, l.ID())
	})
}

// Places are where the members of a set can be. A kind that is not served has
// no objects; but of one whose server does not answer nobody knows.
func Places(kinds *discover.Kinds, set Record) ([]Place, error) {
	var all []Place
	for _, gk := range set.Kinds {
		kind, served := kinds.Find(gk)
		switch {
		case !served:
			if err := kinds.BrokenGroup(gk.Group); err != nil {
				return nil, err
			}
		case !kind.Namespaced:
			all = append(all, Place{Kind: gk, Resource: kind.Resource})
		default:
			for _, namespace := range set.Namespaces {
				all = append(all, Place{Kind: gk, Resource: kind.Resource, Namespace: namespace})
			}
		}
	}
	return all, nil
}

// RecordOf is the same for objects of the cluster.
func RecordOf(source string, objects []Object) Record {
	set := Record{Source: source}
	for _, object := range objects {
		set.Kinds = append(set.Kinds, object.GroupKind())
		set.Namespaces = append(set.Namespaces, object.Ref.Namespace)
		set.Objects = append(set.Objects, object.Ref)
	}
	return set
}

// Namespaces returns where there are inventories, by their names, sorted, as far
// as the user may look everywhere. The error is the API server's.
func Namespaces(ctx context.Context, client metadata.Interface) (map[string][]string, error) {
	parents := Place{Kind: schema.GroupKind{Kind: "ConfigMap"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}}
	found, err := List(ctx, client, []Place{parents}, IDLabel)
	where := map[string][]string{}
	for _, parent := range found {
		tool, _, _ := strings.Cut(parent.Meta.Annotations[ToolingAnnotation], "/")
		if tool == ToolName && parent.Meta.Labels[IDLabel] == ID(parent.Ref.Name, parent.Ref.Namespace) {
			where[parent.Ref.Name] = append(where[parent.Ref.Name], parent.Ref.Namespace)
		}
	}
	return where, err
}

// SamplePrefix begins the names of the inventories of samples, of which each
// has its own: several can be in a namespace, and the demo with them.
const SamplePrefix = ParentName + "-sample-"

// SampleName returns the name of the inventory of a sample, which is named
// as in sample.Names.
func SampleName(sample string) string { return SamplePrefix + sample }
