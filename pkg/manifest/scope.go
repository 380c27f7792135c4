package manifest

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// OfflineScope knows the kinds that Kubernetes has by itself, from the table
// that kustomize keeps, and those whose CRDs are among the objects.
func OfflineScope(objects []Object) Scope {
	custom := map[schema.GroupKind]bool{}
	for _, object := range objects {
		if !IsCRD(object.Unstructured) {
			continue
		}
		kind, _ := untyped.DefinedBy(object.Unstructured)
		scope, _, _ := unstructured.NestedString(object.Object, "spec", "scope")
		custom[kind] = scope != "Cluster"
	}
	return func(gvk schema.GroupVersionKind) (namespaced, known bool) {
		if namespaced, known = custom[gvk.GroupKind()]; known {
			return namespaced, known
		}
		// The table is older than some versions, but a kind does not change its
		// scope with them.
		for _, version := range []string{gvk.Version, "v1", "v1beta1"} {
			of := schema.GroupVersion{Group: gvk.Group, Version: version}
			if namespaced, known = openapi.IsNamespaceScoped(kyaml.TypeMeta{APIVersion: of.String(), Kind: gvk.Kind}); known {
				break
			}
		}
		return namespaced, known
	}
}
