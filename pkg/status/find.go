package status

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// watched is what was installed, and where it is.
type watched struct {
	source   string
	settings *manifest.Settings
	// kinds are those of workloads, and places where they are.
	kinds  []schema.GroupKind
	places []applyset.Place
	// crds is set where CRDs were installed.
	crds bool
	// members are all that has to exist; none where the inventory does not list
	// them. Served are their kinds at least.
	members []event.Object
	served  *discover.Kinds
}

// runs reports whether an object is a workload.
func (w watched) runs(ref event.Object) bool {
	return slices.Contains(w.kinds, schema.GroupKind{Group: ref.Group, Kind: ref.Kind})
}

// missing returns the kinds of which there is nothing. A Job may go by itself
// when it is done.
func missing(found watched, objects []*unstructured.Unstructured) []string {
	var none []string
	for _, kind := range found.kinds {
		there := slices.ContainsFunc(objects, func(object *unstructured.Unstructured) bool {
			return object.GroupVersionKind().GroupKind() == kind
		})
		if !there && kind != (schema.GroupKind{Group: "batch", Kind: "Job"}) {
			none = append(none, strings.ToLower(kind.String()))
		}
	}
	return none
}

// find reads the inventory. What the cluster serves is asked only where
// custom resources are in it; the kinds of Kubernetes are known.
func (s *Status) find(ctx context.Context) (watched, error) {
	inventory, err := applyset.Open(ctx, s.Cluster.Core, s.Inventory, s.Namespace)
	if err != nil {
		return watched{}, err
	}
	if !inventory.Exists {
		return watched{}, s.absent(ctx)
	}
	// An older version may have stored more of a URL.
	found := watched{source: redact.Text(inventory.Recorded.Source), members: inventory.Recorded.Objects}
	if settings, known := manifest.ParseSettings(inventory.Recorded.Settings); known {
		found.settings = &settings
	}
	for _, kind := range inventory.Recorded.Kinds {
		found.crds = found.crds || kind.Kind == "CustomResourceDefinition"
		if runs[kind] || untyped.IsCustom(kind.Group) && !configuresMesh(kind.Group) {
			found.kinds = append(found.kinds, kind)
		}
	}
	needed := slices.Clone(found.kinds)
	for _, member := range found.members {
		needed = append(needed, schema.GroupKind{Group: member.Group, Kind: member.Kind})
	}
	if found.served, err = s.served(ctx, needed); err != nil {
		return watched{}, err
	}
	found.places, err = applyset.Places(found.served, applyset.Record{Kinds: found.kinds, Namespaces: inventory.Recorded.Namespaces})
	return found, err
}

// served returns where objects of some kinds are.
func (s *Status) served(ctx context.Context, needed []schema.GroupKind) (*discover.Kinds, error) {
	kinds := discover.Standard()
	for _, kind := range needed {
		if _, known := kinds.Find(kind); !known {
			return discover.Discover(ctx, s.Cluster.Discovery)
		}
	}
	return kinds, nil
}

// configuresMesh tells Istio's own CRDs from those of others: what they
// define configures the mesh, and nothing of it has to come to run.
func configuresMesh(group string) bool { return strings.HasSuffix(group, ".istio.io") }

// runs are the kinds of Kubernetes of which objects have to become ready.
var runs = map[schema.GroupKind]bool{
	{Group: "apps", Kind: "DaemonSet"}:   true,
	{Group: "apps", Kind: "Deployment"}:  true,
	{Group: "apps", Kind: "ReplicaSet"}:  true,
	{Group: "apps", Kind: "StatefulSet"}: true,
	{Group: "batch", Kind: "Job"}:        true,
	{Kind: "PersistentVolumeClaim"}:      true,
	{Kind: "Pod"}:                        true,
	{Kind: "ReplicationController"}:      true,
}
