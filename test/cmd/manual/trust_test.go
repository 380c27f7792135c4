package main

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
)

// TestDocumentsCountClusterWide has each README say what an install writes outside
// of its namespace, as it is rendered, and how its webhooks fail.
func TestDocumentsCountClusterWide(t *testing.T) {
	demo, err := builtin.Demo(builtin.Options{Namespace: "istio-system", Addons: addon.Names()})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, object := range demo.Objects {
		counts[object.GetKind()]++
		webhooks, _, _ := unstructured.NestedSlice(object.Object, "webhooks")
		want := map[string]string{"MutatingWebhookConfiguration": "Fail", "ValidatingWebhookConfiguration": "Ignore"}[object.GetKind()]
		for _, webhook := range webhooks {
			if got, _, _ := unstructured.NestedString(webhook.(map[string]any), "failurePolicy"); got != want {
				t.Errorf("a webhook of %s %s fails with %q", object.GetKind(), object.GetName(), got)
			}
		}
	}
	if counts["ClusterRole"] != counts["ClusterRoleBinding"] {
		t.Errorf("there are %d ClusterRoles and %d bindings", counts["ClusterRole"], counts["ClusterRoleBinding"])
	}
	kinds := []struct{ kind, english, chinese string }{
		{"CustomResourceDefinition", "%d CRDs", "%d 个 CRD"},
		{"ClusterRole", "%d ClusterRoles with their bindings", "%d 个 ClusterRole 及其绑定"},
		{"MutatingWebhookConfiguration", "%d MutatingWebhookConfigurations (`failurePolicy: Fail`", "%d 个 MutatingWebhookConfiguration（`failurePolicy: Fail`"},
		{"ValidatingWebhookConfiguration", "%d ValidatingWebhookConfigurations (`Ignore`", "%d 个 ValidatingWebhookConfiguration（istiod 提供服务之前为 `Ignore`"},
	}
	english, chinese := content(t, repository, "README.md"), content(t, repository, "README.zh-CN.md")
	for _, one := range kinds {
		for _, check := range []struct{ name, text, form string }{{"README.md", english, one.english}, {"README.zh-CN.md", chinese, one.chinese}} {
			if want := fmt.Sprintf(check.form, counts[one.kind]); !strings.Contains(check.text, want) {
				t.Errorf("%s does not say %q", check.name, want)
			}
		}
	}
}
