package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// TestBatches reports what is applied after what.
func TestBatches(t *testing.T) {
	common := []string{
		"v1 Namespace mesh",
		"apiextensions.k8s.io/v1 CustomResourceDefinition things.example.com",
		"v1 ServiceAccount web",
		"v1 ConfigMap web",
		"rbac.authorization.k8s.io/v1 RoleBinding web",
		"apps/v1 Deployment web",
		"admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration web",
	}
	for _, test := range []struct {
		name    string
		objects []string
		mayAll  bool
		want    []string
	}{
		{"may not do everything", common, false, []string{
			"Namespace after ",
			"CustomResourceDefinition after Namespace",
			"served after CustomResourceDefinition",
			"ServiceAccount after Namespace",
			"ConfigMap after Namespace",
			"RoleBinding after Namespace ServiceAccount",
			"Deployment after Namespace ServiceAccount ConfigMap RoleBinding",
			"ValidatingWebhookConfiguration after Namespace CustomResourceDefinition ServiceAccount ConfigMap RoleBinding Deployment",
		}},
		{"may do everything", common, true, []string{
			"Namespace after ",
			"CustomResourceDefinition after Namespace",
			"served after CustomResourceDefinition",
			"ServiceAccount after Namespace",
			"ConfigMap RoleBinding after Namespace",
			"Deployment after Namespace ServiceAccount ConfigMap RoleBinding",
			"ValidatingWebhookConfiguration after Namespace CustomResourceDefinition ServiceAccount ConfigMap RoleBinding Deployment",
		}},
		{"custom resources", append(slices.Clone(common), "example.com/v1 Thing a"), true, []string{
			"Namespace after ",
			"CustomResourceDefinition after Namespace",
			"served after CustomResourceDefinition",
			"ServiceAccount after Namespace",
			"ConfigMap RoleBinding after Namespace",
			"Deployment after Namespace ServiceAccount ConfigMap RoleBinding",
			"Thing after Namespace served ServiceAccount ConfigMap RoleBinding",
			"ValidatingWebhookConfiguration after Namespace CustomResourceDefinition ServiceAccount ConfigMap RoleBinding Deployment Thing",
		}},
		{"kinds of a group of Kubernetes' own", []string{
			"apiextensions.k8s.io/v1 CustomResourceDefinition routes.gateway.networking.k8s.io",
			"gateway.networking.k8s.io/v1 Route a",
			"apps/v1 Deployment web",
		}, true, []string{
			"CustomResourceDefinition after ",
			"served after CustomResourceDefinition",
			"Route after served",
			"Deployment after ",
		}},
		{"a hook before the rest", []string{
			"apiextensions.k8s.io/v1 CustomResourceDefinition things.example.com",
			"v1 ConfigMap web",
			"batch/v1 Job first pre-install",
		}, true, []string{
			"CustomResourceDefinition after ",
			"served after CustomResourceDefinition",
			"ConfigMap after ",
			"Job after served ConfigMap",
		}},
		{"a token", []string{"v1 ServiceAccount web", "v1 Secret token"}, true, []string{
			"ServiceAccount after ",
			"Secret after ServiceAccount",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			objects := sorted(fixture.Hooked(t, test.objects...))
			for _, object := range objects {
				switch object.GetKind() {
				case "CustomResourceDefinition":
					plural, group, _ := strings.Cut(object.GetName(), ".")
					kind := strings.ToUpper(plural[:1]) + strings.TrimSuffix(plural[1:], "s")
					object.Object["spec"] = map[string]any{"group": group, "names": map[string]any{"kind": kind}}
				case "Secret":
					object.Object["type"] = "kubernetes.io/service-account-token"
				}
			}
			plan := New(objects, Options{Unrestricted: test.mayAll})
			batches := plan.Phases[0].Batches
			name := func(n int) string {
				if batches[n].Serves() {
					return "served"
				}
				var kinds []string
				for _, object := range batches[n].Objects {
					kinds = append(kinds, objects[object].GetKind())
				}
				return strings.Join(kinds, " ")
			}
			var got []string
			for n, batch := range batches {
				var after []string
				for _, before := range batch.After {
					after = append(after, name(before))
				}
				got = append(got, fmt.Sprintf("%s after %s", name(n), strings.Join(after, " ")))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("the batches are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
