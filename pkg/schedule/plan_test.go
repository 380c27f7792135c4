package schedule

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// sorted returns the objects of a manifest in their order.
func sorted(objects []manifest.Object) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, object := range Order(objects) {
		all = append(all, object.Unstructured)
	}
	return all
}

// TestPlan has hooks of every sort, from the last to the first.
func TestPlan(t *testing.T) {
	objects := sorted(fixture.Hooked(t,
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
	refs := func(indices []int) string {
		var all []string
		for _, n := range indices {
			all = append(all, objects[n].GetKind()+" "+objects[n].GetName())
		}
		return strings.Join(all, ", ")
	}
	plan := New(objects, Options{Unrestricted: true})
	var got []string
	for _, phase := range plan.Phases {
		byWave := map[int][]int{}
		var waves []int
		for _, batch := range phase.Batches {
			if batch.Serves() {
				continue
			}
			if byWave[batch.Wave] == nil {
				waves = append(waves, batch.Wave)
			}
			byWave[batch.Wave] = append(byWave[batch.Wave], batch.Objects...)
		}
		for _, wave := range waves {
			slices.Sort(byWave[wave])
			got = append(got, plan.Waves[wave].Title+": "+refs(byWave[wave]))
			if plan.Waves[wave].Objects != len(byWave[wave]) {
				t.Errorf("wave %d counts %d objects", wave, plan.Waves[wave].Objects)
			}
		}
		got = append(got, "await "+refs(phase.Await))
	}
	want := []string{
		"namespaces and CRDs: CustomResourceDefinition a.example.com, Namespace mesh",
		"service accounts and roles: ServiceAccount web",
		"bindings, configuration, services: ConfigMap before",
		"pre-install hooks: workloads and custom resources: Job first",
		"await Job first",
		"pre-install hooks: workloads and custom resources: Job second",
		"await Job second",
		"workloads and custom resources: Deployment web, Job unknown",
		"admission webhooks and API services: ValidatingWebhookConfiguration hook",
		"await CustomResourceDefinition a.example.com, Namespace mesh, ServiceAccount web, ConfigMap before, Deployment web, Job unknown, ValidatingWebhookConfiguration hook",
		"post-install hooks: bindings, configuration, services: ConfigMap light",
		"await ConfigMap light",
		"post-install hooks: service accounts and roles: ServiceAccount after",
		"post-install hooks: bindings, configuration, services: ClusterRoleBinding after",
		"post-install hooks: workloads and custom resources: Job after",
		"await ServiceAccount after, ClusterRoleBinding after, Job after",
		"post-install hooks: workloads and custom resources: Job heavy",
		"await Job heavy",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the plan is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestPlanOfHooksOnly has nothing that hooks would come before or after.
func TestPlanOfHooksOnly(t *testing.T) {
	for _, hook := range []string{"pre-install", "post-install"} {
		plan := New(sorted(fixture.Hooked(t, "batch/v1 Job a "+hook)), Options{Unrestricted: true})
		if len(plan.Waves) != 1 || len(plan.Phases) != 1 || len(plan.Phases[0].Await) != 1 {
			t.Errorf("%s: %+v", hook, plan)
		}
	}
	if plan := New(nil, Options{Unrestricted: true}); plan.Waves != nil || plan.Phases != nil {
		t.Errorf("of nothing: %+v", plan)
	}
}
