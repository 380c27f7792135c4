// Package rbac owns the roles that somebody needs to install a manifest.
package rbac

import (
	"fmt"
	"regexp"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// Name is the name of the roles that an Access has.
const Name = managedfields.Manager

// RoleSet is what somebody needs to install something, to look at it and to
// take it away.
type RoleSet struct {
	// ClusterRole is needed everywhere, and each of the Roles in its namespace;
	// they are sorted by it.
	ClusterRole *rbacv1.ClusterRole
	Roles       []*rbacv1.Role
}

// Objects returns all of it in the order in which it can be applied: the
// namespaces of the roles come first, as they may not exist yet.
func (a RoleSet) Objects() []runtime.Object {
	var namespaces, roles []runtime.Object
	for _, role := range a.Roles {
		namespace := &unstructured.Unstructured{}
		namespace.SetAPIVersion("v1")
		namespace.SetKind("Namespace")
		namespace.SetName(role.Namespace)
		namespaces, roles = append(namespaces, namespace), append(roles, role)
	}
	return slices.Concat(namespaces, []runtime.Object{a.ClusterRole}, roles)
}

// For returns the smallest roles for the objects, as Plan gives them, and an
// inventory in the namespace. What can be limited to names is: lists and watches
// cannot, and creations only because server-side apply names what it creates. A
// namespace cannot be deleted with them, because whatever is in it would go, too,
// and uninstall keeps it.
//
// Whoever writes roles must have all that they grant, or the verbs escalate and
// bind on them. With escalation, the roles have these for the roles of the
// manifest, and so their holder may have these grant anything; without it, they
// have what the manifest's roles grant. Its error is an *InputError, where that
// does not stand in the manifest.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
func For(objects []manifest.Object, namespace string, escalation bool) (RoleSet, error) {
	all := grants{}
	all.in(namespace).add(schema.GroupResource{Resource: "configmaps"}, applyset.ParentName, "get", "create", "patch", "delete")
	all.look(namespace)
	for _, object := range objects {
		all.manage(object, resourceOf(object.GroupVersionKind(), objects))
		if object.GetNamespace() != "" {
			all.look(object.GetNamespace())
		}
		if escalation {
			all.escalate(object.Unstructured)
		} else if err := all.hold(object.Unstructured, objects); err != nil {
			return RoleSet{}, &manifest.InputError{Err: fmt.Errorf("%s: %s: %w", object.Source, manifest.Ref(object.Unstructured), err)}
		}
	}
	access := RoleSet{ClusterRole: &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: Name},
		Rules:      all.in("").rules(),
	}}
	for _, namespace := range all.namespaces() {
		access.Roles = append(access.Roles, &rbacv1.Role{
			TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
			ObjectMeta: metav1.ObjectMeta{Name: Name, Namespace: namespace},
			Rules:      all.in(namespace).rules(),
		})
	}
	return access, nil
}

// manage grants what becomes of an object.
func (g grants) manage(object manifest.Object, resource schema.GroupResource) {
	here, name := g.in(object.GetNamespace()), object.GetName()
	here.add(resource, name, "get")
	// What an earlier install has put there is listed.
	here.add(resource, "", "list")
	if object.IfAbsent {
		return // it is there, as that of a role
	}
	here.add(resource, name, "create", "patch")
	if manifest.IsNamespace(object.Unstructured) {
		return
	}
	// What is deleted is watched until it is gone, as a finalizer may hold
	// anything; what is to run is watched until it does.
	here.add(resource, name, "delete")
	here.add(resource, "", "watch")
	everywhere := g.in("")
	switch {
	case manifest.IsCRD(object.Unstructured):
		// The user's objects are counted before a CRD is deleted.
		everywhere.add(schema.ParseGroupResource(name), "", "list")
	case resource == schema.GroupResource{Group: "apps", Resource: "deployments"} && object.GetLabels()["istio"] == "pilot":
		// Another Istio is looked for before this one is installed.
		everywhere.add(resource, "", "list")
	}
}

// look grants what pods, services and status show, and what explains a failure.
func (g grants) look(namespace string) {
	here := g.in(namespace)
	here.add(schema.GroupResource{Resource: "pods"}, "", "get", "list", "watch")
	here.add(schema.GroupResource{Resource: "services"}, "", "list", "watch")
	here.add(schema.GroupResource{Resource: "events"}, "", "list", "watch")
	here.add(schema.GroupResource{Resource: "pods/log"}, "", "get")
	// Those of webhooks that could stand in the way are anywhere.
	g.in("").add(schema.GroupResource{Resource: "services"}, "", "get")
	// That of the cluster's DNS is in a namespace of its own.
	g.in("").add(schema.GroupResource{Group: "discovery.k8s.io", Resource: "endpointslices"}, "", "list")
}

// vowelY is the end of kinds that apimachinery takes for gatewaies.
var vowelY = regexp.MustCompile(`[aeiou]y$`)

// resourceOf returns the resource of a kind: what its CRD says, or the
// plural that all kinds of Kubernetes have, and most others.
func resourceOf(gvk schema.GroupVersionKind, objects []manifest.Object) schema.GroupResource {
	for _, object := range objects {
		if !manifest.IsCRD(object.Unstructured) {
			continue
		}
		if kind, _ := untyped.DefinedBy(object.Unstructured); kind == gvk.GroupKind() {
			return schema.ParseGroupResource(object.GetName())
		}
	}
	plural, singular := meta.UnsafeGuessKindToResource(gvk)
	if vowelY.MatchString(singular.Resource) {
		plural.Resource = singular.Resource + "s"
	}
	return plural.GroupResource()
}
