package demo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// hooked gives a manifest of lines "apiVersion kind name hooks weight".
func hooked(t *testing.T, lines ...string) []manifest.Object {
	t.Helper()
	var text strings.Builder
	for _, line := range lines {
		fields := append(strings.Fields(line), "", "")
		fmt.Fprintf(&text, "---\napiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n  annotations: {helm.sh/hook: %q, helm.sh/hook-weight: %q}\n", fields[0], fields[1], fields[2], fields[3], fields[4])
	}
	content, err := manifest.Decode("demo.yaml", []byte(text.String()), true)
	if err != nil {
		t.Fatal(err)
	}
	return content.Objects
}

// TestStages has hooks of every sort, from the last to the first.
func TestStages(t *testing.T) {
	objects := ordered(hooked(t,
		"batch/v1 Job heavy post-install 5",
		"batch/v1 Job after post-install",
		"v1 ServiceAccount after post-install",
		"rbac.authorization.k8s.io/v1 ClusterRoleBinding after post-upgrade",
		"v1 ConfigMap light post-install -1",
		"admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration hook",
		"apps/v1 Deployment web",
		"batch/v1 Job unknown whenever",
		"batch/v1 Job second pre-install 2",
		"batch/v1 Job first pre-install,pre-upgrade 1",
		"v1 ConfigMap before pre-install",
		"v1 ServiceAccount web",
		"apiextensions.k8s.io/v1 CustomResourceDefinition a.example.com crd-install",
		"v1 Namespace mesh post-install",
	))
	var targets []apply.Target
	for _, object := range objects {
		targets = append(targets, apply.Target{Ref: manifest.Ref(object.Unstructured), Object: object.Unstructured})
	}
	refs := func(targets []apply.Target) string {
		var all []string
		for _, target := range targets {
			all = append(all, target.Ref.Kind+" "+target.Ref.Name)
		}
		return strings.Join(all, ", ")
	}
	var got []string
	for _, stage := range stages(targets) {
		line := stage.turn.title() + ": " + refs(stage.targets)
		if len(stage.awaited) > 0 {
			line += " (until " + refs(stage.awaited) + ")"
		}
		got = append(got, line)
	}
	want := []string{
		"namespaces and definitions: CustomResourceDefinition a.example.com, Namespace mesh",
		"accounts and roles: ServiceAccount web",
		"bindings, configuration, services: ConfigMap before",
		"hooks before the rest, workloads and custom resources: Job first (until Job first)",
		"hooks before the rest, workloads and custom resources: Job second (until Job second)",
		"workloads and custom resources: Deployment web, Job unknown",
		"admission webhooks and API services: ValidatingWebhookConfiguration hook (until CustomResourceDefinition a.example.com, Namespace mesh, ServiceAccount web, ConfigMap before, Deployment web, Job unknown, ValidatingWebhookConfiguration hook)",
		"hooks after the rest, bindings, configuration, services: ConfigMap light (until ConfigMap light)",
		"hooks after the rest, accounts and roles: ServiceAccount after",
		"hooks after the rest, bindings, configuration, services: ClusterRoleBinding after",
		"hooks after the rest, workloads and custom resources: Job after (until ServiceAccount after, ClusterRoleBinding after, Job after)",
		"hooks after the rest, workloads and custom resources: Job heavy (until Job heavy)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the stages are\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestStagesOfHooksOnly has nothing that hooks would come before or after.
func TestStagesOfHooksOnly(t *testing.T) {
	for _, hook := range []string{"pre-install", "post-install"} {
		object := hooked(t, "batch/v1 Job a "+hook)[0]
		got := stages([]apply.Target{{Object: object.Unstructured}})
		if len(got) != 1 || len(got[0].awaited) != 1 {
			t.Errorf("%s: %+v", hook, got)
		}
	}
	if got := stages(nil); got != nil {
		t.Errorf("of nothing: %+v", got)
	}
}
