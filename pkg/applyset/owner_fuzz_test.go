package applyset

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FuzzOf reads metadata that anybody may have written.
func FuzzOf(f *testing.F) {
	const id, us = "applyset-x-v1", "kubectl-istio-demo"
	add := func(label, annotation, value, manager, operation, subresource string, seconds int64) {
		f.Add(label, annotation, value, manager, operation, subresource, seconds)
	}
	add("", "", "", "", "", "", int64(0))
	add(PartOf, "", id, "", "", "", 0)
	add(PartOf, "", "other", us, "Apply", "", 1)
	add("", "", "", us, "Apply", "status", -1)
	add("", "", "", "pilot-discovery", "Update", "", 5)
	add("", "argocd.argoproj.io/tracking-id", " ", " ", "Update", "", 5)
	add("argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id", "app:v1/x\n", "argocd", "Apply", "", 1)
	add("kustomize.toolkit.fluxcd.io/name", "", "a\x1b[2J", "flux", "Apply", "", 1)
	add("operator.istio.io/managed", "", "Reconcile", "istioctl", "Apply", "", 1)
	add("", "meta.helm.sh/release-name", "x; rm -rf \u202e~\nerror: y", "helm", "Update", "", 1)
	add("", "meta.helm.sh/release-name", "istio-base", "helm", "Update", "", 1)
	f.Fuzz(func(t *testing.T, label, annotation, value, manager, operation, subresource string, seconds int64) {
		at := metav1.NewTime(time.Unix(seconds, 0))
		object := &metav1.ObjectMeta{
			Labels:      map[string]string{label: value},
			Annotations: map[string]string{annotation: value, "meta.helm.sh/release-namespace": value},
			ManagedFields: []metav1.ManagedFieldsEntry{
				{Manager: manager, Operation: metav1.ManagedFieldsOperationType(operation), Subresource: subresource, Time: &at},
				{Manager: value, Operation: metav1.ManagedFieldsOperationUpdate},
			},
		}
		ByController(object)
		owner, ours := OwnerOf(object, id)
		switch {
		case ours && owner != (Owner{}):
			t.Errorf("what is ours belongs to %+v", owner)
		case strings.ContainsAny(owner.String(), "\n\r") || owner.String() == "":
			t.Errorf("the owner's name is %q", owner)
		}
		if namespace, name, ok := owner.Release(); ok && strings.ContainsFunc(namespace+name, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-.", r) }) {
			t.Errorf("a command would name the release %q in %q", name, namespace)
		}
		if label == PartOf && value == id && !ours {
			t.Error("a member is not ours")
		}
	})
}
