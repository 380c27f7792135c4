package demo

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
)

// TestStepOf takes nothing away that a later step needs.
func TestStepOf(t *testing.T) {
	for _, test := range []struct {
		kind string
		want step
	}{
		{"ValidatingWebhookConfiguration.admissionregistration.k8s.io", removeAdmission},
		{"APIService.apiregistration.k8s.io", removeAdmission},
		{"Gateway.networking.istio.io", removeCustom},
		{"Namespace.demo.example.com", removeCustom},
		{"Deployment.apps", removeWorkloads},
		{"Job.batch", removeWorkloads},
		{"HorizontalPodAutoscaler.autoscaling", removeWorkloads},
		{"Pod", removeWorkloads},
		{"ConfigMap", removeConfiguration},
		{"Service", removeConfiguration},
		{"ClusterRoleBinding.rbac.authorization.k8s.io", removeConfiguration},
		{"PodDisruptionBudget.policy", removeConfiguration},
		{"ServiceAccount", removeConfiguration},
		{"ClusterRole.rbac.authorization.k8s.io", removeConfiguration},
		{"CustomResourceDefinition.apiextensions.k8s.io", removeDefinitions},
		{"Namespace", removeNamespaces},
	} {
		if got := stepOf(schema.ParseGroupKind(test.kind)); got != test.want {
			t.Errorf("%s goes with %s, not with %s", test.kind, got.title(), test.want.title())
		}
	}
	titles := map[string]bool{}
	for _, at := range steps {
		titles[at.title()] = true
	}
	if !slices.IsSorted(steps) || len(titles) != len(steps) {
		t.Errorf("the steps are %v, their titles %v", steps, titles)
	}
}

// TestCut puts the user's objects before the definitions that they live in.
func TestCut(t *testing.T) {
	planned := plan{
		objects: []inventory.Object{
			member("Namespace", "", "mesh", "1"), member("CustomResourceDefinition.apiextensions.k8s.io", "", "gadgets.demo.example.com", "2"),
			member("Gadget.demo.example.com", "mesh", "ours", "3"), member("Deployment.apps", "mesh", "web", "4"),
		},
		users: []inventory.Object{member("Gadget.demo.example.com", "default", "mine", "5")},
	}
	var order []string
	for _, ref := range refsOf(planned.cut()) {
		order = append(order, ref.Path())
	}
	want := []string{"default/mine", "mesh/ours", "mesh/web", "gadgets.demo.example.com", "mesh"}
	if !slices.Equal(order, want) {
		t.Errorf("they go in the order %v, want %v", order, want)
	}
	if len(planned.users) != 1 || countSteps(planned.cut()) != 4 {
		t.Errorf("%d users, %d steps", len(planned.users), countSteps(planned.cut()))
	}
}

func TestListed(t *testing.T) {
	object := func(kind, resource, namespace, name string) inventory.Object {
		found := member(kind, namespace, name, "")
		found.Resource = schema.ParseGroupResource(resource).WithVersion("v1")
		return found
	}
	service := func(namespace, name string) inventory.Object {
		return object("VirtualService.networking.istio.io", "virtualservices.networking.istio.io", namespace, name)
	}
	pod := object("Pod", "pods", "mesh", "a")
	for _, test := range []struct {
		name    string
		objects []inventory.Object
		want    string
	}{
		{"one", []inventory.Object{service("default", "a")}, "virtualservice default/a"},
		{"some", []inventory.Object{service("shop", "c"), service("default", "b"), service("default", "a")}, "3 virtualservices (default/a, default/b, shop/c)"},
		{"many", []inventory.Object{service("shop", "d"), service("shop", "c"), service("default", "b"), service("default", "a")}, "4 virtualservices (default/a, default/b, shop/c, …)"},
		{"kinds", []inventory.Object{service("shop", "d"), pod, service("shop", "c")}, "2 virtualservices (shop/c, shop/d), pod mesh/a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Often, because the order of a map is another one each time.
			for range 20 {
				if got := listed(test.objects); got != test.want {
					t.Fatalf("got %s, want %s", got, test.want)
				}
			}
		})
	}
}
