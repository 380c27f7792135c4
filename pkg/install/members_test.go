package install

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// TestSpare keeps what is not applied and nevertheless there, wherever an
// object without a namespace belongs.
func TestSpare(t *testing.T) {
	objects := fixture.Hooked(t, "batch/v1 Job cleanup post-delete", "rbac.authorization.k8s.io/v1 ClusterRole cleanup post-delete", "batch/v1 Job elsewhere post-delete")
	objects[2].SetNamespace("other")
	members := []applyset.Object{
		member("Job.batch", "mesh", "cleanup", "1"),
		member("ClusterRole.rbac.authorization.k8s.io", "", "cleanup", "2"),
		member("Job.batch", "other", "elsewhere", "3"),
		member("Job.batch", "mesh", "elsewhere", "4"),
		member("ConfigMap", "mesh", "cleanup", "5"),
	}
	left, spared := spare(objects, members, "mesh")
	if got, want := namesOf(left), []string{"job mesh/elsewhere", "configmap mesh/cleanup"}; !slices.Equal(got, want) {
		t.Errorf("leftovers are %v, want %v", got, want)
	}
	if len(spared) != 3 {
		t.Errorf("spared are %v", namesOf(spared))
	}
	if left, spared := spare(nil, members, "mesh"); len(left) != 5 || spared != nil {
		t.Errorf("of a manifest without such: %v and %v", namesOf(left), namesOf(spared))
	}
}

// member is an object of the cluster, and targetOf one of the manifest, with
// the object that is live, if any; refs are KIND.GROUP and NAMESPACE/NAME.
func member(kind, namespace, name, uid string) applyset.Object {
	gk := schema.ParseGroupKind(kind)
	return applyset.Object{
		Ref:  event.Object{Group: gk.Group, Kind: gk.Kind, Namespace: namespace, Name: name},
		Meta: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(uid)}},
	}
}

func targetOf(kind, namespace, name string, live metav1.Object) apply.Target {
	gk := schema.ParseGroupKind(kind)
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(gk.WithVersion("v1"))
	object.SetNamespace(namespace)
	object.SetName(name)
	return apply.Target{Ref: event.Object{Group: gk.Group, Kind: gk.Kind, Namespace: namespace, Name: name}, Object: object, Live: live}
}

func liveWith(uid string, labels map[string]string) metav1.Object {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid), Labels: labels}}
}

func namesOf(objects []applyset.Object) []string {
	var names []string
	for _, object := range objects {
		names = append(names, object.Ref.String())
	}
	return names
}

// TestLeftovers goes by the UIDs, too: the same object can have two groups.
func TestLeftovers(t *testing.T) {
	members := []applyset.Object{
		member("ConfigMap", "mesh", "stays", "1"),
		member("ConfigMap", "mesh", "goes", "2"),
		member("Ingress.extensions", "mesh", "moved", "3"),
		member("ConfigMap", "mesh", "made-anew", "4"),
	}
	targets := []apply.Target{
		targetOf("ConfigMap", "mesh", "stays", liveWith("1", nil)),
		targetOf("Ingress.networking.k8s.io", "mesh", "moved", liveWith("3", nil)),
		targetOf("ConfigMap", "mesh", "new", nil),
		targetOf("ConfigMap", "extra", "goes", liveWith("9", nil)),
		targetOf("ConfigMap", "mesh", "made-anew", liveWith("5", nil)),
	}
	want := []string{"configmap mesh/goes"}
	if got := namesOf(leftovers(members, targets)); !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
	if len(members) != 4 || members[1].Ref.Name != "goes" {
		t.Errorf("the members were changed: %v", namesOf(members))
	}
	if got := leftovers(nil, targets); len(got) != 0 {
		t.Errorf("left are %v of nothing", got)
	}
}

// TestEnroll makes members of all targets but namespaces that were there
// before, and the inventory covers just these.
func TestEnroll(t *testing.T) {
	inventory := &applyset.Inventory{Parent: &applyset.Parent{Name: applyset.ParentName, Namespace: "mesh"}}
	label := map[string]string{applyset.PartOf: inventory.ID()}
	ours := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Labels: label, ManagedFields: []metav1.ManagedFieldsEntry{{
		Manager: managedfields.Manager, Operation: metav1.ManagedFieldsOperationApply,
		FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:applyset.kubernetes.io/part-of":{}}}}`),
	}}}}
	targets := []apply.Target{
		targetOf("Namespace", "", "new", nil),
		targetOf("Namespace", "", "before", liveWith("1", nil)),
		targetOf("Namespace", "", "ours", ours),
		targetOf("Namespace", "", "labelled", liveWith("2", label)),
		targetOf("Namespace", "", "others", liveWith("3", map[string]string{applyset.PartOf: "another"})),
		targetOf("ConfigMap", "extra", "there", liveWith("4", nil)),
	}
	targets[5].Object.SetLabels(map[string]string{"app": "web", applyset.PartOf: "copied"})
	enroll(inventory, targets)
	var enrolled []string
	for _, target := range targets {
		if target.Object.GetLabels()[applyset.PartOf] == inventory.ID() {
			enrolled = append(enrolled, target.Ref.Name)
		}
	}
	if want := []string{"new", "ours", "there"}; !slices.Equal(enrolled, want) || targets[5].Object.GetLabels()["app"] != "web" {
		t.Errorf("members are %v, want %v", enrolled, want)
	}
	set := recordOf(manifest.Manifest{What: "demo"}, targets[1:2]).Union(recordOf(manifest.Manifest{}, targets[5:]))
	if len(set.Kinds) != 1 || set.Kinds[0].Kind != "ConfigMap" || !slices.Equal(set.Namespaces, []string{"extra"}) || set.Source != "demo" {
		t.Errorf("the inventory covers %+v", set)
	}
	if all := recordOf(manifest.Manifest{What: "demo"}, targets); !slices.Contains(all.Kinds, schema.GroupKind{Kind: "Namespace"}) {
		t.Errorf("the inventory covers %+v", all)
	}
}
