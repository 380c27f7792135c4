// Package discover knows which kinds a cluster serves, where, and in which
// scope.
package discover

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubeversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// Kind is where the objects of a kind live.
type Kind struct {
	Resource   schema.GroupVersionResource
	Namespaced bool
	// Kept tells whether objects of the kind are stored and can be listed and
	// deleted, unlike reviews and metrics.
	Kept bool
	// Fixed tells that objects of the kind cannot be applied, such as reviews,
	// which are only created.
	Fixed bool
}

// Kinds are those that can be applied to a cluster: what it serves and what the
// manifest itself defines. They can be read by many goroutines, once everything
// is defined.
type Kinds struct {
	kinds map[schema.GroupVersionKind]Kind
	// broken are the groups whose discovery failed, because the server behind
	// an APIService does not answer.
	broken map[schema.GroupVersion]error
	// defined are the kinds that the cluster does not serve yet.
	defined map[schema.GroupVersionKind]bool
	// partial is set where the cluster was not asked.
	partial bool
}

// Discover asks the cluster: two requests where discovery is aggregated
// (KEP-3352, Kubernetes 1.30 and newer), one for each group version elsewhere.
// That the server behind an APIService does not answer is no error, but what
// Broken tells of; other faults of the API server are, and the context's end.
func Discover(ctx context.Context, client discovery.DiscoveryInterface) (*Kinds, error) {
	_, lists, err := discovery.ToDiscoveryInterfaceWithContext(client).ServerGroupsAndResourcesWithContext(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx) // and not the fault of any server
	}
	broken := map[schema.GroupVersion]error{}
	if failed, ok := discovery.GroupDiscoveryFailedErrorGroups(err); ok {
		broken = failed
	} else if err != nil {
		return nil, err
	}
	kinds := &Kinds{
		kinds:   map[schema.GroupVersionKind]Kind{},
		broken:  broken,
		defined: map[schema.GroupVersionKind]bool{},
	}
	for _, list := range lists {
		served, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, fmt.Errorf("the API server serves an invalid group version: %w", err)
		}
		for _, resource := range list.APIResources {
			if strings.Contains(resource.Name, "/") {
				continue // a subresource
			}
			kinds.kinds[served.WithKind(resource.Kind)] = Kind{
				Resource:   served.WithResource(resource.Name),
				Namespaced: resource.Namespaced,
				Kept:       slices.Contains(resource.Verbs, "list") && slices.Contains(resource.Verbs, "delete"),
				Fixed:      !slices.Contains(resource.Verbs, "patch"),
			}
		}
	}
	return kinds, nil
}

// Define adds the kinds that a CustomResourceDefinition of the manifest
// defines.
func (k *Kinds) Define(crd *unstructured.Unstructured) {
	defined, plural := untyped.DefinedBy(crd)
	group, kind := defined.Group, defined.Kind
	scope, _, _ := unstructured.NestedString(crd.Object, "spec", "scope")
	// Not NestedSlice: it would copy the schemas, which are most of a CRD.
	field, _, _ := unstructured.NestedFieldNoCopy(crd.Object, "spec", "versions")
	versions, _ := field.([]any)
	for _, version := range versions {
		fields, _ := version.(map[string]any)
		name, _, _ := unstructured.NestedString(fields, "name")
		if served, _, _ := unstructured.NestedBool(fields, "served"); !served {
			continue
		}
		gv := schema.GroupVersion{Group: group, Version: name}
		if _, serves := k.kinds[gv.WithKind(kind)]; serves {
			continue
		}
		k.kinds[gv.WithKind(kind)] = Kind{Resource: gv.WithResource(plural), Namespaced: scope == "Namespaced"}
		k.defined[gv.WithKind(kind)] = true
	}
}

// KindError says why objects of a kind cannot be applied.
type KindError struct {
	Kind schema.GroupVersionKind
	// Message says what the cluster has instead, and Remedy what to do.
	Message, Remedy string
}

func (e *KindError) Error() string { return e.Message + "; " + e.Remedy }

// Lookup returns where a kind lives. The error is a *KindError.
func (k *Kinds) Lookup(gvk schema.GroupVersionKind) (Kind, error) {
	kind, known := k.kinds[gvk]
	if known && !kind.Fixed {
		return kind, nil
	}
	if known {
		return kind, &KindError{gvk, fmt.Sprintf("objects of kind %s cannot be applied, only created", gvk.Kind), "leave it out"}
	}
	if err, ok := k.broken[gvk.GroupVersion()]; ok {
		return kind, &KindError{gvk, fmt.Sprintf("the server behind %s does not answer (%v)", gvk.GroupVersion(), err), "see 'kubectl get apiservices'"}
	}
	var others []string
	for other := range k.kinds {
		if other.Kind == gvk.Kind {
			others = append(others, other.GroupVersion().String())
		}
	}
	if len(others) > 0 {
		slices.Sort(others)
		return kind, &KindError{gvk,
			fmt.Sprintf("the cluster does not serve kind %s in version %s, only in %s", gvk.Kind, gvk.GroupVersion(), strings.Join(others, ", ")),
			"change the apiVersion and adapt the object to it"}
	}
	return kind, &KindError{gvk,
		fmt.Sprintf("neither the cluster nor the manifest defines kind %s in version %s", gvk.Kind, gvk.GroupVersion()),
		"add its CRD, or check the spelling"}
}

// Find returns where the objects of a kind can be found, whatever their version,
// as far as the cluster serves it.
func (k *Kinds) Find(kind schema.GroupKind) (Kind, bool) {
	var found Kind
	for gvk, candidate := range k.kinds {
		newer := kubeversion.CompareKubeAwareVersionStrings(gvk.Version, found.Resource.Version) > 0
		if gvk.GroupKind() == kind && !k.defined[gvk] && (found.Resource.Empty() || newer) {
			found = candidate
		}
	}
	return found, !found.Resource.Empty()
}

// All returns every kind whose objects are stored, each in one version.
func (k *Kinds) All() map[schema.GroupKind]Kind {
	all := map[schema.GroupKind]Kind{}
	for gvk := range k.kinds {
		if kind, ok := k.Find(gvk.GroupKind()); ok && kind.Kept {
			all[gvk.GroupKind()] = kind
		}
	}
	return all
}

// Broken returns an error if the kinds of some group are not known because the
// server behind its APIService does not answer. Metrics are not stored, and do
// not count.
func (k *Kinds) Broken() error {
	var groups []string
	for version := range k.broken {
		if !strings.HasSuffix("."+version.Group, ".metrics.k8s.io") {
			groups = append(groups, version.String())
		}
	}
	if len(groups) == 0 {
		return nil
	}
	slices.Sort(groups)
	return fmt.Errorf("the server behind %s does not answer; see 'kubectl get apiservices'", strings.Join(groups, ", "))
}

// BrokenGroup returns the error of Broken for one group, or nil. The name of the
// core group is empty.
func (k *Kinds) BrokenGroup(group string) error {
	for version, err := range k.broken {
		if version.Group == group {
			return fmt.Errorf("the server behind %s does not answer (%w); see 'kubectl get apiservices'", version, err)
		}
	}
	return nil
}

// Defined reports whether a kind will be served only when the manifest's CRD
// has been applied.
func (k *Kinds) Defined(gvk schema.GroupVersionKind) bool { return k.defined[gvk] }

// Served reports whether the cluster serves a kind now.
func (k *Kinds) Served(gvk schema.GroupVersionKind) bool {
	_, known := k.kinds[gvk]
	return known && !k.defined[gvk]
}

// Scope reports whether a kind lives in namespaces.
func (k *Kinds) Scope(gvk schema.GroupVersionKind) (namespaced, known bool) {
	kind, ok := k.kinds[gvk]
	return kind.Namespaced, ok
}
