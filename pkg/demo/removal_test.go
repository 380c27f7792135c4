package demo

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
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
		{"CustomResourceDefinition.apiextensions.k8s.io", removeCRDs},
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

// TestPlanOrder puts the user's objects before the CRDs that they live in.
func TestPlanOrder(t *testing.T) {
	planned := plan{
		objects: []inventory.Object{
			memberU("Namespace", "", "mesh", "1"), memberU("CustomResourceDefinition.apiextensions.k8s.io", "", "gadgets.demo.example.com", "2"),
			memberU("Gadget.demo.example.com", "mesh", "ours", "3"), memberU("Deployment.apps", "mesh", "web", "4"),
		},
		users: []inventory.Object{memberU("Gadget.demo.example.com", "default", "mine", "5")},
	}
	var order []string
	for _, at := range steps {
		for _, object := range planned.of(at) {
			order = append(order, object.Ref.Path())
		}
	}
	want := []string{"mesh/ours", "default/mine", "mesh/web", "gadgets.demo.example.com", "mesh"}
	if !slices.Equal(order, want) {
		t.Errorf("they go in the order %v, want %v", order, want)
	}
}

// TestContents finds what is somebody's in a namespace from which ours goes.
func TestContents(t *testing.T) {
	owned := func(object inventory.Object, by ...string) inventory.Object {
		for _, uid := range by {
			object.Meta.OwnerReferences = append(object.Meta.OwnerReferences, metav1.OwnerReference{UID: types.UID(uid)})
		}
		return object
	}
	made := func(object inventory.Object) inventory.Object {
		object.Meta.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager"}}
		return object
	}
	ours := memberU("Deployment.apps", "mesh", "ours", "ours")
	for _, test := range []struct {
		name  string
		found []inventory.Object
		want  []string
	}{
		{"ours, and what belongs to it", []inventory.Object{owned(memberU("Pod", "mesh", "ours-x-y", "3"), "2"), owned(memberU("ReplicaSet.apps", "mesh", "ours-x", "2"), "ours"), ours}, nil},
		{"a user's workload is told by its head", []inventory.Object{memberU("Deployment.apps", "mesh", "mine", "1"), owned(memberU("ReplicaSet.apps", "mesh", "mine-x", "2"), "1")}, []string{"deployment mesh/mine"}},
		{"a user's pod by way of what a controller has made", []inventory.Object{memberU("Deployment.apps", "mesh", "mine", "1"), owned(made(memberU("ReplicaSet.apps", "mesh", "mine-x", "2")), "1"), owned(memberU("Pod", "mesh", "mine-x-y", "3"), "2")}, []string{"deployment mesh/mine"}},
		{"what belongs to what appeared by itself", []inventory.Object{made(memberU("ConfigMap", "mesh", "kube-root-ca.crt", "1")), owned(memberU("ConfigMap", "mesh", "mine", "2"), "1")}, []string{"configmap mesh/mine"}},
		{"what owns itself", []inventory.Object{owned(memberU("ConfigMap", "mesh", "self", "1"), "1")}, []string{"configmap mesh/self"}},
		{"what own each other", []inventory.Object{owned(memberU("ConfigMap", "mesh", "a", "1"), "2"), owned(memberU("ConfigMap", "mesh", "b", "2"), "1")}, []string{"configmap mesh/a", "configmap mesh/b"}},
		{"what belongs to something elsewhere", []inventory.Object{owned(memberU("ConfigMap", "mesh", "a", "1"), "elsewhere")}, []string{"configmap mesh/a"}},
		{"the inventory", []inventory.Object{memberU("ConfigMap", "mesh", "istio-demo", "1")}, nil},
		{"the default ServiceAccount", []inventory.Object{memberU("ServiceAccount", "mesh", "default", "1")}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := heads(strangers(test.found, map[types.UID]bool{"ours": true}, memberU("ConfigMap", "mesh", "istio-demo", "")), test.found)
			if names := namesOfU(got); !slices.Equal(names, test.want) {
				t.Errorf("got %v, want %v", names, test.want)
			}
		})
	}
}

func TestListed(t *testing.T) {
	object := func(kind, resource, namespace, name string) inventory.Object {
		found := memberA(kind, namespace, name, "")
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

// memberU is an object of the cluster; its kind is KIND.GROUP.
func memberU(kind, namespace, name, uid string) inventory.Object {
	gk := schema.ParseGroupKind(kind)
	return inventory.Object{
		Ref:  event.Object{Group: gk.Group, Kind: gk.Kind, Namespace: namespace, Name: name},
		Meta: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(uid)}},
	}
}

// memberA is an object of the cluster; its kind is KIND.GROUP.
func memberA(kind, namespace, name, uid string) inventory.Object {
	gk := schema.ParseGroupKind(kind)
	return inventory.Object{
		Ref:  event.Object{Group: gk.Group, Kind: gk.Kind, Namespace: namespace, Name: name},
		Meta: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(uid)}},
	}
}

func namesOfU(objects []inventory.Object) []string {
	var names []string
	for _, object := range objects {
		names = append(names, object.Ref.String())
	}
	return names
}
