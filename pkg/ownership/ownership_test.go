package ownership

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

func managed(entries ...metav1.ManagedFieldsEntry) metav1.ObjectMeta {
	return metav1.ObjectMeta{ManagedFields: entries}
}

func labelled(name, value string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Labels: map[string]string{name: value}}
}

func annotated(annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Annotations: annotations}
}

func TestOf(t *testing.T) {
	inOtherSet := managed(entry(me, metav1.ManagedFieldsOperationApply, 1, ""))
	inOtherSet.Labels = map[string]string{"applyset.kubernetes.io/part-of": "applyset-other-v1"}
	for _, test := range []struct {
		name   string
		object metav1.ObjectMeta
		want   Owner
		ours   bool
	}{
		{"member", labelled("applyset.kubernetes.io/part-of", id), Owner{}, true},
		{"member of another set", inOtherSet, Owner{ApplySet: "applyset-other-v1", Made: true}, false},
		{"member of another tool's set", labelled("applyset.kubernetes.io/part-of", "applyset-other-v1"), Owner{ApplySet: "applyset-other-v1"}, false},
		{"applied before there was a set", managed(entry("kubectl-edit", metav1.ManagedFieldsOperationUpdate, 0, ""), entry(me, metav1.ManagedFieldsOperationApply, 1, "")), Owner{}, true},
		{"updated under our name", managed(entry(me, metav1.ManagedFieldsOperationUpdate, 1, "")), Owner{Name: me}, false},
		{"helm", annotated(map[string]string{"meta.helm.sh/release-name": "base", "meta.helm.sh/release-namespace": "mesh"}),
			Owner{Name: "helm (release base in namespace mesh)", Helm: "mesh/base"}, false},
		{"a chart that somebody else has rendered", labelled("app.kubernetes.io/managed-by", "Helm"), Owner{Name: "somebody"}, false},
		{"Argo CD, by annotation", annotated(map[string]string{"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:a/b"}), Owner{Name: "Argo CD (application shop)"}, false},
		{"Argo CD, by label", labelled("argocd.argoproj.io/instance", "shop"), Owner{Name: "Argo CD (application shop)"}, false},
		{"Flux's kustomizations", labelled("kustomize.toolkit.fluxcd.io/name", "infra"), Owner{Name: "Flux (infra)"}, false},
		{"Flux's releases", labelled("helm.toolkit.fluxcd.io/name", "istio"), Owner{Name: "Flux (istio)"}, false},
		{"istioctl", labelled("operator.istio.io/managed", "Reconcile"), Owner{Name: "istioctl"}, false},
		{"kubectl apply", managed(entry("kubectl-client-side-apply", metav1.ManagedFieldsOperationUpdate, 0, "")), Owner{Name: "kubectl"}, false},
		{"kubectl create", managed(entry("kubectl-create", metav1.ManagedFieldsOperationUpdate, 0, "")), Owner{Name: "kubectl"}, false},
		{"kubectl apply --server-side", managed(entry("kubectl", metav1.ManagedFieldsOperationApply, 0, "")), Owner{Name: "kubectl"}, false},
		{"the oldest", managed(
			entry("kubectl-edit", metav1.ManagedFieldsOperationUpdate, 2, ""),
			entry("shop-operator", metav1.ManagedFieldsOperationUpdate, 1, ""),
			entry("kubelet", metav1.ManagedFieldsOperationUpdate, 0, "status"),
			entry("kube-controller-manager", metav1.ManagedFieldsOperationUpdate, 0, ""),
		), Owner{Name: "shop-operator"}, false},
		{"nobody", metav1.ObjectMeta{}, Owner{Name: "somebody"}, false},
		{"controllers only", managed(entry("pilot-discovery", metav1.ManagedFieldsOperationUpdate, 0, "")), Owner{Name: "somebody"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ours := Of(&test.object, id, me)
			if got != test.want || ours != test.ours {
				t.Errorf("got %+v, %t, want %+v, %t", got, ours, test.want, test.ours)
			}
		})
	}
}

func TestByController(t *testing.T) {
	owned := managed(entry("shop-operator", metav1.ManagedFieldsOperationUpdate, 0, ""))
	owned.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment"}}
	for _, test := range []struct {
		name   string
		object metav1.ObjectMeta
		want   bool
	}{
		{"a controller", managed(entry("kube-controller-manager", metav1.ManagedFieldsOperationUpdate, 0, "")), true},
		{"istiod", managed(entry("pilot-discovery", metav1.ManagedFieldsOperationUpdate, 0, "")), true},
		{"a controller, and then a person", managed(
			entry("kube-controller-manager", metav1.ManagedFieldsOperationUpdate, 0, ""),
			entry("kubectl-edit", metav1.ManagedFieldsOperationUpdate, 1, ""),
		), false},
		{"owned by another object, which may be the user's", owned, false},
		{"a person", managed(entry("kubectl-create", metav1.ManagedFieldsOperationUpdate, 0, "")), false},
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
	const ownsMark = `{"f:metadata":{"f:annotations":{"f:meta.helm.sh/release-name":{}},"f:labels":{"f:applyset.kubernetes.io/part-of":{}}}}`
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
		{"taken over by helm", metav1.ObjectMeta{Labels: label, Annotations: map[string]string{"meta.helm.sh/release-name": "a"}}, []metav1.ManagedFieldsEntry{by(me, "Apply", ownsLabel)}, false},
		{"with helm's mark in the manifest", metav1.ObjectMeta{Labels: label, Annotations: map[string]string{"meta.helm.sh/release-name": "a"}}, []metav1.ManagedFieldsEntry{by(me, "Apply", ownsMark)}, true},
		{"not readable", metav1.ObjectMeta{Labels: label}, []metav1.ManagedFieldsEntry{by(me, "Apply", `{`), {Manager: me, Operation: "Apply"}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.object.ManagedFields = test.entries
			if got := Member(&test.object, id, me); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
