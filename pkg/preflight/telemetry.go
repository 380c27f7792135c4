package preflight

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

var telemetryResource = schema.GroupVersionResource{Group: "telemetry.istio.io", Version: "v1", Resource: "telemetries"}

// telemetry is Telemetry for a mesh that is there already.
func telemetry(_ context.Context, s *survey) ([]Result, error) {
	switch {
	case !s.defines(telemetryResource.GroupResource()):
		return passed("the manifest does not define Telemetry"), nil
	case s.Fresh:
		return passed("no mesh is installed yet"), nil
	}
	result, err := Telemetry(s.limited, s.Dynamic, s.Home, s.Leaves)
	return []Result{result}, err
}

// defines reports whether the manifest has the CRD of a resource.
func (s *survey) defines(resource schema.GroupResource) bool {
	return slices.ContainsFunc(s.Uses, func(use Use) bool {
		return use.Resource.Resource == "customresourcedefinitions" &&
			slices.ContainsFunc(use.Objects, func(object Object) bool { return object.Name == resource.String() })
	})
}

// Telemetry warns of Telemetries that have no effect: of those for the whole
// mesh, which are in its root namespace and select nothing, istiod takes the
// oldest and says nothing of the others (pilot/pkg/model/telemetry.go). Leaves
// tells which of them are about to be removed; nil means none.
func Telemetry(ctx context.Context, client dynamic.Interface, namespace string, leaves func(*unstructured.Unstructured) bool) (Result, error) {
	list, err := client.Resource(telemetryResource).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		results, err := unseen("telemetries", err)
		if err != nil {
			return Result{}, err
		}
		return results[0], nil
	}
	wide := slices.DeleteFunc(list.Items, func(one unstructured.Unstructured) bool {
		return !isMeshWide(&one) || leaves != nil && leaves(&one)
	})
	if len(wide) < 2 {
		return passed("Telemetries do not compete")[0], nil
	}
	slices.SortFunc(wide, func(a, b unstructured.Unstructured) int {
		return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), strings.Compare(a.GetName(), b.GetName()))
	})
	var names []string
	for _, one := range wide {
		names = append(names, one.GetName())
	}
	return Result{
		Verdict: Warn,
		Message: fmt.Sprintf("of the %d Telemetries for the whole mesh in namespace %s only the oldest counts: %s; without effect: %s", len(names), namespace, names[0], shortList(names[1:])),
		Remedy:  "merge them into one: kubectl get telemetries" + shell.In(namespace) + " -o yaml",
	}, nil
}

// isMeshWide reports whether a Telemetry of the root namespace is for all
// workloads.
func isMeshWide(telemetry *unstructured.Unstructured) bool {
	labels, _, _ := unstructured.NestedMap(telemetry.Object, "spec", "selector", "matchLabels")
	_, target, _ := unstructured.NestedMap(telemetry.Object, "spec", "targetRef")
	targets, _, _ := unstructured.NestedSlice(telemetry.Object, "spec", "targetRefs")
	return len(labels) == 0 && !target && len(targets) == 0
}
