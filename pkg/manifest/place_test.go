package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// scopeOf knows the kinds of these tests: Gadget is one that nobody knows.
func scopeOf(gvk schema.GroupVersionKind) (namespaced, known bool) {
	switch gvk.Kind {
	case "Namespace", "ClusterRole":
		return false, true
	case "Gadget":
		return false, false
	}
	return true, true
}

// decoded reads objects in the short form "apiVersion Kind namespace/name".
func decoded(t *testing.T, lines ...string) []manifest.Object {
	t.Helper()
	var text strings.Builder
	for _, line := range lines {
		fields := strings.Fields(line)
		namespace, name, found := strings.Cut(fields[2], "/")
		if !found {
			namespace, name = "", fields[2]
		}
		text.WriteString("---\napiVersion: " + fields[0] + "\nkind: " + fields[1] + "\nmetadata: {name: " + name)
		if namespace != "" {
			text.WriteString(", namespace: " + namespace)
		}
		text.WriteString("}\n")
	}
	content, err := decode.Decode("demo.yaml", []byte(text.String()), true)
	if err != nil {
		t.Fatal(err)
	}
	return content.Objects
}

func refs(objects []manifest.Object) []string {
	var all []string
	for _, object := range objects {
		all = append(all, manifest.Ref(object.Unstructured).String())
	}
	return all
}

func TestPlace(t *testing.T) {
	for _, test := range []struct {
		name, object string
		explicit     bool
		want         string
	}{
		{"no namespace", "v1 ConfigMap a", false, "configmap istio-system/a"},
		{"no namespace, explicit", "v1 ConfigMap a", true, "configmap istio-system/a"},
		{"another namespace", "v1 ConfigMap other/a", false, "configmap other/a"},
		{"the same namespace, explicit", "v1 ConfigMap istio-system/a", true, "configmap istio-system/a"},
		{"cluster-scoped", "rbac.authorization.k8s.io/v1 ClusterRole a", false, "clusterrole a"},
		{"cluster-scoped with a namespace", "rbac.authorization.k8s.io/v1 ClusterRole other/a", true, "clusterrole a"},
		{"unknown", "demo/v1 Gadget a", true, "gadget a"},
		{"unknown with a namespace", "demo/v1 Gadget other/a", false, "gadget other/a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			objects := decoded(t, test.object)
			if _, _, err := manifest.Place(objects, scopeOf, manifest.Namespace{Name: "istio-system", Explicit: test.explicit}, false); err != nil {
				t.Fatal(err)
			}
			if got := refs(objects)[0]; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestPlaceErrors(t *testing.T) {
	const mismatch = " is not in --namespace istio-system; omit --namespace, or change the file"
	for _, test := range []struct {
		name     string
		objects  []string
		explicit bool
		want     string
	}{
		{"explicit", []string{"v1 ConfigMap a", "v1 ConfigMap other/b"}, true, "demo.yaml, document 2 (line 6): configmap other/b" + mismatch},
		{"explicit, unknown kind", []string{"demo/v1 Gadget other/a"}, true, "demo.yaml, document 1 (line 2): gadget other/a" + mismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := manifest.Place(decoded(t, test.objects...), scopeOf, manifest.Namespace{Name: "istio-system", Explicit: test.explicit}, false)
			if err == nil || err.Error() != test.want {
				t.Errorf("the error is\n%v, want\n%s", err, test.want)
			}
		})
	}
}

// TestPlaceTellsApart has objects that differ in one part of their name each.
func TestPlaceTellsApart(t *testing.T) {
	objects := decoded(t, "v1 ConfigMap a", "v1 ConfigMap b", "v1 Secret a", "v1 ConfigMap other/a", "demo/v1 ConfigMap a")
	if _, _, err := manifest.Place(objects, scopeOf, manifest.Namespace{Name: "istio-system"}, false); err != nil {
		t.Error(err)
	}
}

// TestPlaceLabelsNamespaces looks for the label without which the server
// records a second apply of an empty namespace as a change.
func TestPlaceLabelsNamespaces(t *testing.T) {
	content, err := decode.Decode("demo.yaml", []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {istio-injection: enabled}}\n"), true)
	if err != nil {
		t.Fatal(err)
	}
	objects := content.Objects
	if _, _, err := manifest.Place(objects, scopeOf, manifest.Namespace{Name: "istio-system", Explicit: true}, false); err != nil {
		t.Fatal(err)
	}
	labels := objects[0].GetLabels()
	if len(labels) != 2 || labels["kubernetes.io/metadata.name"] != "a" || labels["istio-injection"] != "enabled" {
		t.Errorf("the labels are %v", labels)
	}
}

func TestWithNamespace(t *testing.T) {
	for _, test := range []struct {
		name    string
		objects []string
		want    []string
	}{
		{"needed", []string{"v1 ConfigMap other/a", "v1 ConfigMap mesh/b"}, []string{"namespace mesh", "configmap other/a", "configmap mesh/b"}},
		{"only for the inventory", []string{"v1 ConfigMap other/a", "v1 ClusterRole b"}, []string{"namespace mesh", "configmap other/a", "clusterrole b"}},
		{"brought", []string{"v1 ConfigMap mesh/a", "v1 Namespace mesh"}, []string{"configmap mesh/a", "namespace mesh"}},
		{"another one brought", []string{"v1 Namespace other", "v1 ConfigMap mesh/a"}, []string{"namespace mesh", "namespace other", "configmap mesh/a"}},
		{"a namesake of another group", []string{"demo/v1 Namespace mesh", "v1 ConfigMap mesh/a"}, []string{"namespace mesh", "namespace mesh", "configmap mesh/a"}},
		{"nothing", nil, []string{"namespace mesh"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			objects := decoded(t, test.objects...)
			got := manifest.WithNamespace(objects, "mesh")
			if !slices.Equal(refs(got), test.want) {
				t.Fatalf("got %v, want %v", refs(got), test.want)
			}
			if len(got) == len(objects) {
				return
			}
			added := got[0]
			if !added.IfAbsent || added.Source.String() != "--namespace" || !manifest.IsNamespace(added.Unstructured) {
				t.Errorf("the namespace is added as %+v", added)
			}
			if labels := added.GetLabels(); labels["kubernetes.io/metadata.name"] != "mesh" {
				t.Errorf("its labels are %v", labels)
			}
		})
	}
}
