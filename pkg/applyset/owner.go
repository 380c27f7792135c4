package applyset

import (
	"cmp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

// Tool is what an owner works with.
type Tool string

// The tools that are known by what they leave on their objects. Manager is any
// other, of which no more is known than the name of its field manager.
const (
	ArgoCD   Tool = "Argo CD"
	Flux     Tool = "Flux"
	Helm     Tool = "helm"
	Istioctl Tool = "istioctl"
	Kubectl  Tool = "kubectl"
	ApplySet Tool = "ApplySet"
	Manager  Tool = ""
)

// Owner is who put an object on the cluster. Everything but Tool and Made is
// what somebody has written on the object: String makes it readable, and only
// Release makes it fit for a command.
type Owner struct {
	Tool Tool
	// Name is that of Helm's release, Argo CD's application or Flux's object, or
	// of the field manager; it may be empty. Namespace is that of Helm's release.
	Name, Namespace string
	// ApplySetID is the ID of the ApplySet that the object belongs to, where that is
	// all that is known, and Made is true where this program made it.
	ApplySetID string
	Made       bool
}

// String names the owner for people, in one line: "helm (release istio-base in
// namespace istio-system)", or "an unknown tool" for none.
func (o Owner) String() string {
	name := o.Name
	switch o.Tool {
	case Helm:
		name = "helm (release " + o.Name + " in namespace " + o.Namespace + ")"
	case ArgoCD:
		name = "Argo CD (application " + o.Name + ")"
	case Flux:
		name = "Flux (" + o.Name + ")"
	case ApplySet:
		name = "another ApplySet (" + o.ApplySetID + ")"
	case Istioctl, Kubectl:
		name = string(o.Tool)
	}
	return cmp.Or(strings.Join(strings.Fields(name), " "), "an unknown tool")
}

// Release returns Helm's release, and false where Helm is not the owner or where
// these can be no names and must not become part of a command.
func (o Owner) Release() (namespace, name string, ok bool) {
	return o.Namespace, o.Name, o.Tool == Helm && isName(o.Name) && isName(o.Namespace)
}

func isName(text string) bool { return len(validation.IsDNS1123Subdomain(text)) == 0 }

// controllers write to objects that others have put there.
var controllers = map[string]bool{
	"pilot-discovery":          true,
	"kube-apiserver":           true,
	"kube-controller-manager":  true,
	"cloud-controller-manager": true,
	"kube-scheduler":           true,
}

// OwnerOf tells who owns an object; ours is true where it is a member of the set
// with the ID (inventory.ID gives it), or in no set, applied by the field
// manager, and claimed by nobody since.
func OwnerOf(object metav1.Object, id string) (owner Owner, ours bool) {
	set := object.GetLabels()[PartOf]
	switch {
	case set == id:
		return Owner{}, true
	case set != "":
		return Owner{Tool: ApplySet, ApplySetID: set, Made: applied(object)}, false
	case applied(object):
		owner, claimed := ClaimedBy(object)
		return owner, !claimed
	}
	if owner, marked := marked(object, func(string, string) bool { return true }); marked {
		return owner, false
	}
	return author(object), false
}

// applied reports whether this program has applied an object.
func applied(object metav1.Object) bool {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == managedfields.Manager && entry.Operation == metav1.ManagedFieldsOperationApply {
			return true
		}
	}
	return false
}

// IsMember reports whether an object is a member of the set with the ID: it carries
// the set's label, and the field manager has put it there. The label alone
// would not do, because it is copied: by people who make an object of their own
// from one of ours, and by controllers, such as from a Service to its
// EndpointSlices.
func IsMember(object metav1.Object, id string) bool {
	return object.GetLabels()[PartOf] == id && owns(object, managedfields.Manager, "labels", PartOf)
}

// ClaimedBy reports whether somebody else has laid hands on an object that the
// field manager has applied, and who: a tool whose mark is on it, if that mark
// was not applied with the object, or another manager that applies it, too.
// Controllers of the cluster, and managers whose names begin with the field
// manager's, claim nothing; neither does whoever edits, patches or scales it.
func ClaimedBy(object metav1.Object) (Owner, bool) {
	theirs := func(part, key string) bool { return !owns(object, managedfields.Manager, part, key) }
	if owner, marked := marked(object, theirs); marked {
		return owner, true
	}
	for _, entry := range object.GetManagedFields() {
		ours := entry.Manager == managedfields.Manager || strings.HasPrefix(entry.Manager, managedfields.Manager+"/")
		if entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" && !ours && !controllers[entry.Manager] {
			return managed(entry.Manager), true
		}
	}
	return Owner{}, false
}

// Labelled reports whether a manager has applied a label of an object.
func Labelled(object metav1.Object, manager, label string) bool {
	return owns(object, manager, "labels", label)
}

// owns reports whether a manager has applied a label or an annotation: part is
// labels or annotations.
func owns(object metav1.Object, manager, part, key string) bool {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationApply && managedfields.Of(entry).Has(fieldpath.MakePathOrDie("metadata", part, key)) {
			return true
		}
	}
	return false
}

// marks are labels and annotations that tools leave on their objects. Helm's
// label app.kubernetes.io/managed-by is none: Istio's charts write it whoever
// renders them.
var marks = []struct {
	tool       Tool
	annotation bool
	key        string
}{
	{Helm, true, "meta.helm.sh/release-name"},
	{ArgoCD, true, "argocd.argoproj.io/tracking-id"},
	{ArgoCD, false, "argocd.argoproj.io/instance"},
	{Flux, false, "kustomize.toolkit.fluxcd.io/name"},
	{Flux, false, "helm.toolkit.fluxcd.io/name"},
	{Istioctl, false, "operator.istio.io/managed"},
	{Kubectl, true, "kubectl.kubernetes.io/last-applied-configuration"},
}

// marked returns the owner that the first mark on an object tells of, among those
// that count: counts is asked with the part of the metadata and the key.
func marked(object metav1.Object, counts func(part, key string) bool) (Owner, bool) {
	for _, mark := range marks {
		part, values := "labels", object.GetLabels()
		if mark.annotation {
			part, values = "annotations", object.GetAnnotations()
		}
		value := values[mark.key]
		if value == "" || !counts(part, mark.key) {
			continue
		}
		owner := Owner{Tool: mark.tool}
		switch mark.tool {
		case Helm:
			owner.Name, owner.Namespace = value, object.GetAnnotations()["meta.helm.sh/release-namespace"]
		case ArgoCD:
			owner.Name, _, _ = strings.Cut(value, ":") // a tracking ID goes on with the object
		case Flux:
			owner.Name = value
		}
		return owner, true
	}
	return Owner{}, false
}

// managed returns the owner that a field manager belongs to.
func managed(manager string) Owner {
	switch {
	case manager == "kubectl", strings.HasPrefix(manager, "kubectl-client-side-apply"), strings.HasPrefix(manager, "kubectl-create"):
		return Owner{Tool: Kubectl}
	case manager == "istio-operator":
		return Owner{Tool: Istioctl}
	}
	return Owner{Name: manager}
}

// author returns the owner that is likeliest to have made the object: the one
// whose entry among the managed fields is the oldest.
func author(object metav1.Object) Owner {
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
	if oldest == nil {
		return Owner{}
	}
	return managed(oldest.Manager)
}

// ByController reports whether nobody but controllers of the cluster has
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
