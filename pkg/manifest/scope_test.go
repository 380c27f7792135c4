package manifest_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

const definitions = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.demo.example.com}
spec: {group: demo.example.com, names: {kind: Widget}, scope: Namespaced}
---
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: gadgets.demo.example.com}
spec: {group: demo.example.com, names: {kind: Gadget}, scope: Cluster}
---
# Not a definition, although it has the fields of one.
apiVersion: demo.example.com/v1
kind: CustomResourceDefinition
metadata: {name: things.demo.example.com}
spec: {group: demo.example.com, names: {kind: Thing}, scope: Cluster}
`

func TestOfflineScope(t *testing.T) {
	content, err := decode.Decode("demo.yaml", []byte(definitions), true)
	if err != nil {
		t.Fatal(err)
	}
	scope := manifest.OfflineScope(content.Objects)
	for _, test := range []struct {
		apiVersion, kind  string
		namespaced, known bool
	}{
		{"v1", "ConfigMap", true, true},
		{"v1", "Namespace", false, true},
		{"apps/v1", "Deployment", true, true},
		{"rbac.authorization.k8s.io/v1", "ClusterRole", false, true},
		{"rbac.authorization.k8s.io/v1", "Role", true, true},
		{"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", false, true},
		{"apiextensions.k8s.io/v1", "CustomResourceDefinition", false, true},
		// Newer than the table.
		{"autoscaling/v2", "HorizontalPodAutoscaler", true, true},
		{"demo.example.com/v1", "Widget", true, true},
		// A definition counts for all of its versions.
		{"demo.example.com/v2", "Gadget", false, true},
		{"other.example.com/v1", "Widget", false, false},
		{"demo.example.com/v1", "Thing", false, false},
	} {
		gvk := schema.FromAPIVersionAndKind(test.apiVersion, test.kind)
		if namespaced, known := scope(gvk); namespaced != test.namespaced || known != test.known {
			t.Errorf("%s: namespaced %t, known %t", gvk, namespaced, known)
		}
	}
}

func TestIsCRD(t *testing.T) {
	content, err := decode.Decode("demo.yaml", []byte(definitions), true)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, true, false} {
		if got := manifest.IsCRD(content.Objects[i].Unstructured); got != want {
			t.Errorf("%s is a definition: %t", content.Objects[i].GetName(), got)
		}
	}
}
