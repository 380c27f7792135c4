// Package ownership tells from an object's metadata who put it on the cluster:
// this program, or helm, istioctl, Argo CD, Flux, kubectl or anybody else.
package ownership

import (
	"cmp"
	"encoding/json"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Owner is who put an object on the cluster.
type Owner struct {
	// Name is for people: "helm (release istio-base in namespace istio-system)".
	Name string
	// ApplySet is the ID of the set that the object belongs to, where that is
	// all that is known.
	ApplySet string
	// Made is true where this program has made that set.
	Made bool
	// Helm is the release, where helm is the owner: NAMESPACE/NAME. It is
	// empty where these can be no names and must not become part of a command.
	Helm string
}

const partOf = "applyset.kubernetes.io/part-of"

// controllers write to objects that others have put there.
var controllers = map[string]bool{
	"pilot-discovery":          true,
	"kube-apiserver":           true,
	"kube-controller-manager":  true,
	"cloud-controller-manager": true,
	"kube-scheduler":           true,
}

// Of tells who owns an object; ours is true where it is a member of the set
// with the ID (inventory.ID gives it), or in no set and applied by the field
// manager. Where nobody can be named, the owner's name is "somebody".
func Of(object metav1.Object, id, fieldManager string) (owner Owner, ours bool) {
	set := object.GetLabels()[partOf]
	switch {
	case set == id:
		return Owner{}, true
	case set != "":
		return Owner{ApplySet: set, Made: applied(object, fieldManager)}, false
	case applied(object, fieldManager):
		return Owner{}, true
	}
	owner = stranger(object)
	// Anybody can write annotations, with line ends in them.
	owner.Name = cmp.Or(strings.Join(strings.Fields(owner.Name), " "), "somebody")
	return owner, false
}

// applied tells whether a manager has applied an object.
func applied(object metav1.Object, manager string) bool {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationApply {
			return true
		}
	}
	return false
}

// Member tells whether an object is a member of the set with the ID: it
// carries the set's label, the field manager has put it there, and nobody has
// claimed the object since. The label alone would not do, because it is
// copied: by people who make an object of their own from one of ours, and by
// controllers, such as from a Service to its EndpointSlices.
func Member(object metav1.Object, id, fieldManager string) bool {
	if object.GetLabels()[partOf] != id || !owns(object, fieldManager, "f:metadata", "f:labels", "f:"+partOf) {
		return false
	}
	const helms = "meta.helm.sh/release-name"
	_, claimed := object.GetAnnotations()[helms]
	return !claimed || owns(object, fieldManager, "f:metadata", "f:annotations", "f:"+helms)
}

// Labelled tells whether a manager has applied a label of an object.
func Labelled(object metav1.Object, manager, label string) bool {
	return owns(object, manager, "f:metadata", "f:labels", "f:"+label)
}

// owns tells whether a manager has applied a field, which is given as a path
// of FieldsV1.
func owns(object metav1.Object, manager string, path ...string) bool {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager != manager || entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil {
			continue
		}
		var fields map[string]any
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		if _, found, err := unstructured.NestedFieldNoCopy(fields, path...); found && err == nil {
			return true
		}
	}
	return false
}

// stranger looks for what tools leave on their objects. Helm's label
// app.kubernetes.io/managed-by says nothing: Istio's charts write it whoever
// renders them.
func stranger(object metav1.Object) Owner {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	first := func(from map[string]string, keys ...string) string {
		for _, key := range keys {
			if value := from[key]; value != "" {
				return value
			}
		}
		return ""
	}
	if release := annotations["meta.helm.sh/release-name"]; release != "" {
		namespace := annotations["meta.helm.sh/release-namespace"]
		owner := Owner{Name: "helm (release " + release + " in namespace " + namespace + ")"}
		if isName(release) && isName(namespace) {
			owner.Helm = namespace + "/" + release
		}
		return owner
	}
	if app := first(annotations, "argocd.argoproj.io/tracking-id"); app != "" {
		app, _, _ = strings.Cut(app, ":")
		return Owner{Name: "Argo CD (application " + app + ")"}
	}
	if app := first(labels, "argocd.argoproj.io/instance"); app != "" {
		return Owner{Name: "Argo CD (application " + app + ")"}
	}
	if name := first(labels, "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"); name != "" {
		return Owner{Name: "Flux (" + name + ")"}
	}
	if first(labels, "operator.istio.io/managed") != "" {
		return Owner{Name: "istioctl"}
	}
	return Owner{Name: author(object)}
}

func isName(text string) bool { return len(validation.IsDNS1123Subdomain(text)) == 0 }

// author gives the field manager that is likeliest to have made the object:
// the one whose entry is the oldest.
func author(object metav1.Object) string {
	var oldest *metav1.ManagedFieldsEntry
	entries := object.GetManagedFields()
	for i := range entries {
		entry := &entries[i]
		if controllers[entry.Manager] || entry.Subresource != "" {
			continue
		}
		if oldest == nil || (entry.Time != nil && oldest.Time != nil && entry.Time.Before(oldest.Time)) {
			oldest = entry
		}
	}
	switch {
	case oldest == nil:
		return ""
	case oldest.Manager == "kubectl" || strings.HasPrefix(oldest.Manager, "kubectl-client-side-apply"), strings.HasPrefix(oldest.Manager, "kubectl-create"):
		return "kubectl"
	}
	return oldest.Manager
}

// ByController tells whether nobody but controllers of the cluster has
// written an object: it appeared by itself, like a namespace's
// kube-root-ca.crt. It says nothing of what the object holds.
func ByController(object metav1.Object) bool {
	entries := object.GetManagedFields()
	for _, entry := range entries {
		if !controllers[entry.Manager] {
			return false
		}
	}
	return len(entries) > 0
}
