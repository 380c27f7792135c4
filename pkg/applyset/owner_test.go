package applyset

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	id = "applyset-ours-v1"
	me = "kubectl-istio-demo"
)

// entry is a managed fields entry: who, how, in which minute, of what.
func entry(manager string, operation metav1.ManagedFieldsOperationType, minute int, subresource string) metav1.ManagedFieldsEntry {
	at := metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC))
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, Time: &at, Subresource: subresource}
}

func byManagers(entries ...metav1.ManagedFieldsEntry) metav1.ObjectMeta {
	return metav1.ObjectMeta{ManagedFields: entries}
}

func labelled(name, value string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Labels: map[string]string{name: value}}
}

func annotated(annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Annotations: annotations}
}

func TestOf(t *testing.T) {
	inOtherSet := byManagers(entry(me, metav1.ManagedFieldsOperationApply, 1, ""))
	inOtherSet.Labels = map[string]string{"applyset.kubernetes.io/part-of": "applyset-other-v1"}
	for _, test := range []struct {
		name   string
		object metav1.ObjectMeta
		want   Owner
		ours   bool
	}{
		{"member", labelled("applyset.kubernetes.io/part-of", id), Owner{}, true},
		{"member of another set", inOtherSet, Owner{Tool: ApplySet, ApplySetID: "applyset-other-v1", Made: true}, false},
		{"member of another tool's set", labelled("applyset.kubernetes.io/part-of", "applyset-other-v1"), Owner{Tool: ApplySet, ApplySetID: "applyset-other-v1"}, false},
		{"applied before there was a set", byManagers(entry("kubectl-edit", metav1.ManagedFieldsOperationUpdate, 0, ""), entry(me, metav1.ManagedFieldsOperationApply, 1, "")), Owner{}, true},
		{"left by an uninstall, and istioctl's since", byManagers(entry(me, metav1.ManagedFieldsOperationApply, 1, ""), entry("istio-operator", metav1.ManagedFieldsOperationApply, 2, "")), Owner{Tool: Istioctl}, false},
		{"updated under our name", byManagers(entry(me, metav1.ManagedFieldsOperationUpdate, 1, "")), Owner{Name: me}, false},
		{"helm", annotated(map[string]string{"meta.helm.sh/release-name": "base", "meta.helm.sh/release-namespace": "mesh"}),
			Owner{Tool: Helm, Name: "base", Namespace: "mesh"}, false},
		{"a chart that somebody else has rendered", labelled("app.kubernetes.io/managed-by", "Helm"), Owner{}, false},
		{"Argo CD, by annotation", annotated(map[string]string{"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:a/b"}), Owner{Tool: ArgoCD, Name: "shop"}, false},
		{"Argo CD, by label", labelled("argocd.argoproj.io/instance", "shop"), Owner{Tool: ArgoCD, Name: "shop"}, false},
		{"Flux's kustomizations", labelled("kustomize.toolkit.fluxcd.io/name", "infra"), Owner{Tool: Flux, Name: "infra"}, false},
		{"Flux's releases", labelled("helm.toolkit.fluxcd.io/name", "istio"), Owner{Tool: Flux, Name: "istio"}, false},
		{"istioctl", labelled("operator.istio.io/managed", "Reconcile"), Owner{Tool: Istioctl}, false},
		{"kubectl apply", byManagers(entry("kubectl-client-side-apply", metav1.ManagedFieldsOperationUpdate, 0, "")), Owner{Tool: Kubectl}, false},
		{"kubectl create", byManagers(entry("kubectl-create", metav1.ManagedFieldsOperationUpdate, 0, "")), Owner{Tool: Kubectl}, false},
		{"kubectl apply --server-side", byManagers(entry("kubectl", metav1.ManagedFieldsOperationApply, 0, "")), Owner{Tool: Kubectl}, false},
		{"the oldest", byManagers(
			entry("kubectl-edit", metav1.ManagedFieldsOperationUpdate, 2, ""),
			entry("shop-operator", metav1.ManagedFieldsOperationUpdate, 1, ""),
			entry("kubelet", metav1.ManagedFieldsOperationUpdate, 0, "status"),
			entry("kube-controller-manager", metav1.ManagedFieldsOperationUpdate, 0, ""),
		), Owner{Name: "shop-operator"}, false},
		{"nobody", metav1.ObjectMeta{}, Owner{}, false},
		{"controllers only", byManagers(entry("pilot-discovery", metav1.ManagedFieldsOperationUpdate, 0, "")), Owner{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ours := OwnerOf(&test.object, id)
			if got != test.want || ours != test.ours {
				t.Errorf("got %+v, %t, want %+v, %t", got, ours, test.want, test.ours)
			}
		})
	}
}

func TestByController(t *testing.T) {
	owned := byManagers(entry("shop-operator", metav1.ManagedFieldsOperationUpdate, 0, ""))
	owned.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment"}}
	for _, test := range []struct {
		name   string
		object metav1.ObjectMeta
		want   bool
	}{
		{"a controller", byManagers(entry("kube-controller-manager", metav1.ManagedFieldsOperationUpdate, 0, "")), true},
		{"istiod", byManagers(entry("pilot-discovery", metav1.ManagedFieldsOperationUpdate, 0, "")), true},
		{"a controller, and then a person", byManagers(
			entry("kube-controller-manager", metav1.ManagedFieldsOperationUpdate, 0, ""),
			entry("kubectl-edit", metav1.ManagedFieldsOperationUpdate, 1, ""),
		), false},
		{"owned by another object, which may be the user's", owned, false},
		{"a person", byManagers(entry("kubectl-create", metav1.ManagedFieldsOperationUpdate, 0, "")), false},
		{"nobody knows", metav1.ObjectMeta{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := ByController(&test.object); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestMember(t *testing.T) {
	const ownsLabel = `{"f:metadata":{"f:labels":{"f:applyset.kubernetes.io/part-of":{}}}}`
	by := func(manager, operation, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationType(operation), FieldsV1: metav1.NewFieldsV1(fields)}
	}
	label := map[string]string{"applyset.kubernetes.io/part-of": id}
	for _, test := range []struct {
		name    string
		object  metav1.ObjectMeta
		entries []metav1.ManagedFieldsEntry
		want    bool
	}{
		{"applied", metav1.ObjectMeta{Labels: label}, []metav1.ManagedFieldsEntry{by("kubectl-edit", "Update", `{}`), by(me, "Apply", ownsLabel)}, true},
		{"copied by a person", metav1.ObjectMeta{Labels: label}, []metav1.ManagedFieldsEntry{by("kubectl-client-side-apply", "Update", ownsLabel)}, false},
		{"copied by a controller", metav1.ObjectMeta{Labels: label}, []metav1.ManagedFieldsEntry{by("kube-controller-manager", "Update", ownsLabel)}, false},
		{"applied, and labelled by a person", metav1.ObjectMeta{Labels: label}, []metav1.ManagedFieldsEntry{by(me, "Apply", `{"f:data":{}}`)}, false},
		{"updated under our name", metav1.ObjectMeta{Labels: label}, []metav1.ManagedFieldsEntry{by(me, "Update", ownsLabel)}, false},
		{"of another set", metav1.ObjectMeta{Labels: map[string]string{"applyset.kubernetes.io/part-of": "other"}}, []metav1.ManagedFieldsEntry{by(me, "Apply", ownsLabel)}, false},
		{"not readable", metav1.ObjectMeta{Labels: label}, []metav1.ManagedFieldsEntry{by(me, "Apply", `{`), {Manager: me, Operation: "Apply"}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.object.ManagedFields = test.entries
			if got := IsMember(&test.object, id); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// TestClaimed tells the tools that manage an object of ours, too, from those
// that only touch it.
func TestClaimed(t *testing.T) {
	ours := metav1.ManagedFieldsEntry{Manager: me, Operation: metav1.ManagedFieldsOperationApply, FieldsV1: metav1.NewFieldsV1(`{"f:data":{}}`)}
	with := func(object metav1.ObjectMeta, more ...metav1.ManagedFieldsEntry) metav1.ObjectMeta {
		object.ManagedFields = append([]metav1.ManagedFieldsEntry{ours}, more...)
		return object
	}
	applies := func(manager string) metav1.ManagedFieldsEntry {
		return entry(manager, metav1.ManagedFieldsOperationApply, 1, "")
	}
	inManifest := labelled("argocd.argoproj.io/instance", "shop")
	inManifest.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: me, Operation: metav1.ManagedFieldsOperationApply,
		FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:argocd.argoproj.io/instance":{}}}}`)}}
	for _, test := range []struct {
		name   string
		object metav1.ObjectMeta
		want   string
	}{
		{"nobody", with(metav1.ObjectMeta{}), ""},
		{"istioctl", with(labelled("operator.istio.io/managed", "Reconcile"), applies("istio-operator")), "istioctl"},
		{"istioctl, with the same labels", with(metav1.ObjectMeta{}, applies("istio-operator")), "istioctl"},
		{"Argo CD, by label", with(labelled("argocd.argoproj.io/instance", "shop")), "Argo CD (application shop)"},
		{"Argo CD, by manager", with(metav1.ObjectMeta{}, applies("argocd-controller")), "argocd-controller"},
		{"Flux", with(labelled("kustomize.toolkit.fluxcd.io/name", "infra"), applies("kustomize-controller")), "Flux (infra)"},
		{"helm", with(annotated(map[string]string{"meta.helm.sh/release-name": "base", "meta.helm.sh/release-namespace": "mesh"})), "helm (release base in namespace mesh)"},
		{"kubectl apply", with(annotated(map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}"})), "kubectl"},
		{"kubectl apply --server-side", with(metav1.ObjectMeta{}, applies("kubectl")), "kubectl"},
		{"a mark of the manifest", inManifest, ""},
		{"istiod", with(metav1.ObjectMeta{}, applies("pilot-discovery")), ""},
		{"kubectl edit", with(metav1.ObjectMeta{}, entry("kubectl-edit", metav1.ManagedFieldsOperationUpdate, 1, "")), ""},
		{"a status", with(metav1.ObjectMeta{}, entry("shop-operator", metav1.ManagedFieldsOperationApply, 1, "status")), ""},
		{"a sample's label", with(metav1.ObjectMeta{}, applies(me+"/istio-demo-sample-bookinfo")), ""},
		{"a manager of a similar name", with(metav1.ObjectMeta{}, applies(me+"er")), me + "er"},
	} {
		t.Run(test.name, func(t *testing.T) {
			owner, claimed := ClaimedBy(&test.object)
			if claimed != (test.want != "") || claimed && owner.String() != test.want {
				t.Errorf("got %t, %q", claimed, owner)
			}
		})
	}
}
