package apply

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

func definitionOf(t *testing.T, spec, status string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	text := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.example.com}\nspec: " + spec + "\nstatus: " + status + "\n"
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestRedefined(t *testing.T) {
	const stored = "{storedVersions: [v1beta1, v1]}"
	for _, test := range []struct{ name, live, status, wanted, want string }{
		{"the same", "{scope: Namespaced}", stored, "{scope: Namespaced, versions: [{name: v1}, {name: v1beta1}]}", ""},
		{"a stored version", "{scope: Namespaced}", stored, "{scope: Namespaced, versions: [{name: v1}]}",
			"a.yaml: customresourcedefinition as.example.com: the cluster may store custom resources in v1beta1, which the manifest does not have (status.storedVersions); migrate them first: "},
		{"a scope", "{scope: Cluster}", stored, "{scope: Namespaced, versions: [{name: v1}, {name: v1beta1}]}",
			"a.yaml: customresourcedefinition as.example.com: spec.scope is Cluster on the cluster and cannot become Namespaced; back up its custom resources and delete it, which deletes them, too ('kubectl delete crd as.example.com')"},
		{"a kind", "{names: {kind: A}}", "{}", "{names: {kind: B}, versions: []}", "a.yaml: customresourcedefinition as.example.com: spec.names.kind is A on the cluster and cannot become B; "},
		{"nothing is stored", "{}", "{}", "{versions: [{name: v1}]}", ""},
		{"no versions", "{}", stored, "{}", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			live := definitionOf(t, test.live, test.status)
			target := Target{Source: "a.yaml", Object: definitionOf(t, test.wanted, "{}"), Live: &definition{live, live},
				Ref: event.Object{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "as.example.com"}}
			_, engine := newServer(t, echo)
			err := engine.Verify(t.Context(), []Target{target})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("the error is\n%v, want\n%s", err, test.want)
			}
		})
	}
}

func TestStoredSize(t *testing.T) {
	crd := definitionOf(t, "{a: "+strings.Repeat("b", 100)+", c: [1, true]}", "{}")
	data, err := crd.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if got := StoredSize(crd); got > len(data)+20 || got < len(data)-20 {
		t.Errorf("the size is %d, and JSON has %d", got, len(data))
	}
	config := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"key": strings.Repeat("b", 100)}}}
	if got, want := StoredSize(config), 100+len("v1ConfigMap"); got != want {
		t.Errorf("the size is %d, want %d", got, want)
	}
}
