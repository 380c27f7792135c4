package uninstall

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
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
	planned := Plan{
		Objects: []applyset.Object{
			member("Namespace", "", "mesh", "1"), member("CustomResourceDefinition.apiextensions.k8s.io", "", "gadgets.demo.example.com", "2"),
			member("Gadget.demo.example.com", "mesh", "ours", "3"), member("Deployment.apps", "mesh", "web", "4"),
		},
		users: []applyset.Object{member("Gadget.demo.example.com", "default", "mine", "5")},
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
	owned := func(object applyset.Object, by ...string) applyset.Object {
		for _, uid := range by {
			object.Meta.OwnerReferences = append(object.Meta.OwnerReferences, metav1.OwnerReference{UID: types.UID(uid)})
		}
		return object
	}
	made := func(object applyset.Object) applyset.Object {
		object.Meta.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager"}}
		return object
	}
	ours := member("Deployment.apps", "mesh", "ours", "ours")
	for _, test := range []struct {
		name  string
		found []applyset.Object
		want  []string
	}{
		{"ours, and what belongs to it", []applyset.Object{owned(member("Pod", "mesh", "ours-x-y", "3"), "2"), owned(member("ReplicaSet.apps", "mesh", "ours-x", "2"), "ours"), ours}, nil},
		{"a user's workload is told by its head", []applyset.Object{member("Deployment.apps", "mesh", "mine", "1"), owned(member("ReplicaSet.apps", "mesh", "mine-x", "2"), "1")}, []string{"deployment mesh/mine"}},
		{"a user's pod by way of what a controller has made", []applyset.Object{member("Deployment.apps", "mesh", "mine", "1"), owned(made(member("ReplicaSet.apps", "mesh", "mine-x", "2")), "1"), owned(member("Pod", "mesh", "mine-x-y", "3"), "2")}, []string{"deployment mesh/mine"}},
		{"what belongs to what appeared by itself", []applyset.Object{made(member("ConfigMap", "mesh", "kube-root-ca.crt", "1")), owned(member("ConfigMap", "mesh", "mine", "2"), "1")}, []string{"configmap mesh/mine"}},
		{"what owns itself", []applyset.Object{owned(member("ConfigMap", "mesh", "self", "1"), "1")}, []string{"configmap mesh/self"}},
		{"what own each other", []applyset.Object{owned(member("ConfigMap", "mesh", "a", "1"), "2"), owned(member("ConfigMap", "mesh", "b", "2"), "1")}, []string{"configmap mesh/a", "configmap mesh/b"}},
		{"what belongs to something elsewhere", []applyset.Object{owned(member("ConfigMap", "mesh", "a", "1"), "elsewhere")}, []string{"configmap mesh/a"}},
		{"the inventory", []applyset.Object{member("ConfigMap", "mesh", "istio-demo", "1")}, nil},
		{"the default ServiceAccount", []applyset.Object{member("ServiceAccount", "mesh", "default", "1")}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := heads(strangers(test.found, map[types.UID]bool{"ours": true}, member("ConfigMap", "mesh", "istio-demo", "")), test.found)
			if names := namesOf(got); !slices.Equal(names, test.want) {
				t.Errorf("got %v, want %v", names, test.want)
			}
		})
	}
}

// memberU is an object of the cluster; its kind is KIND.GROUP.
func member(kind, namespace, name, uid string) applyset.Object {
	gk := schema.ParseGroupKind(kind)
	return applyset.Object{
		Ref:  event.Object{Group: gk.Group, Kind: gk.Kind, Namespace: namespace, Name: name},
		Meta: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(uid)}},
	}
}

func namesOf(objects []applyset.Object) []string {
	var names []string
	for _, object := range objects {
		names = append(names, object.Ref.String())
	}
	return names
}
