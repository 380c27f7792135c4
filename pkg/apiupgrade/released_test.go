package apiupgrade

import (
	"cmp"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// TestReleasedManifest upgrades a demo of 2018 as it was released, where there
// is one beside the checkout: it is not the project's to distribute.
func TestReleasedManifest(t *testing.T) {
	file := cmp.Or(os.Getenv("RELEASED_MANIFEST"), "../../../shared/manifests/istio-demo-1.0.9.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("no released manifest: %v", err)
	}
	served := today(t)
	kinds := map[string]int{}
	for _, object := range released(t, string(data)) {
		upgraded, change, err := Upgrade(object, served)
		if err != nil {
			t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
		}
		own := !strings.HasSuffix(upgraded.GroupVersionKind().Group, ".istio.io")
		if own && !served(upgraded.GroupVersionKind()) {
			t.Errorf("%s %s is not served in %s", upgraded.GetKind(), upgraded.GetName(), upgraded.GetAPIVersion())
		}
		if change != nil {
			kinds[upgraded.GetKind()]++
		}
		kinds["all"]++
	}
	for kind, want := range map[string]int{
		"all": 151, "CustomResourceDefinition": 48, "Deployment": 12, "HorizontalPodAutoscaler": 5,
		"ClusterRole": 11, "ClusterRoleBinding": 11, "MutatingWebhookConfiguration": 1,
	} {
		if kinds[kind] != want {
			t.Errorf("%d of kind %s are upgraded, not %d", kinds[kind], kind, want)
		}
	}
}

// released gives the objects of a manifest that has Lists and empty documents.
func released(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for document := range strings.SplitSeq(text, "\n---") {
		_, document, _ = strings.Cut("\n"+strings.TrimLeft(document, "-"), "\n")
		content := false
		for line := range strings.SplitSeq(document, "\n") {
			content = content || strings.TrimSpace(line) != "" && !strings.HasPrefix(strings.TrimSpace(line), "#")
		}
		if !content {
			continue
		}
		object := fixture.Objects(t, document)[0]
		if !object.IsList() {
			objects = append(objects, object)
			continue
		}
		list, err := object.ToList()
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			objects = append(objects, &list.Items[i])
		}
	}
	return objects
}
