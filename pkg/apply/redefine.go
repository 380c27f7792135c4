package apply

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// definition is the metadata of a CRD, and what the server does not let anybody
// change in it.
type definition struct {
	metav1.Object
	live *unstructured.Unstructured
}

func isCRD(object *unstructured.Unstructured) bool {
	return object.GroupVersionKind().GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
}

// redefined says why a CRD cannot become the target; nil where it can. The server
// would say it of the same change, in the middle of an install.
func (t *Target) redefined() *RefusalError {
	found, is := t.Live.(*definition)
	if !is {
		return nil
	}
	refused := &RefusalError{Source: t.Source, Ref: t.Ref}
	for _, path := range [][]string{{"spec", "scope"}, {"spec", "names", "kind"}} {
		before, _, _ := unstructured.NestedString(found.live.Object, path...)
		after, _, _ := unstructured.NestedString(t.Object.Object, path...)
		if before != after && after != "" {
			refused.Message = fmt.Sprintf("%s is %s on the cluster and cannot become %s", strings.Join(path, "."), before, after)
			refused.Remedy = "back up its custom resources and delete it, which deletes them, too ('" + shell.Line("kubectl delete crd {}", t.Ref.Name) + "')"
			return refused
		}
	}
	if lost := lostVersions(found.live, t.Object); len(lost) > 0 {
		refused.Message = fmt.Sprintf("the cluster may store custom resources in %s, which the manifest does not have (status.storedVersions)", strings.Join(lost, ", "))
		refused.Remedy = "migrate them first: apply the CRD with both versions, rewrite its custom resources ('" +
			shell.Line("kubectl get {} -A -o json | kubectl replace -f -", t.Ref.Name) + "'), and take the old version out of status.storedVersions ('" +
			shell.Line("kubectl edit crd {} --subresource=status", t.Ref.Name) + "')"
		return refused
	}
	return nil
}

// lostVersions returns the versions that are stored and no longer defined.
func lostVersions(live, wanted *unstructured.Unstructured) []string {
	stored, _, _ := unstructured.NestedStringSlice(live.Object, "status", "storedVersions")
	field, _, _ := unstructured.NestedFieldNoCopy(wanted.Object, "spec", "versions") // a copy would be of the schemas, too
	versions, is := field.([]any)
	if !is {
		return nil // the server refuses it
	}
	return slices.DeleteFunc(stored, func(name string) bool {
		return slices.ContainsFunc(versions, func(version any) bool {
			fields, _ := version.(map[string]any)
			return fields["name"] == name
		})
	})
}
