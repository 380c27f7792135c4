package demo

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// RoleName is the name of the role that Role gives.
const RoleName = "kubectl-istio-demo"

// Role gives the smallest role with which the objects, as Plan gives them, can
// be installed, looked at and taken away. What can be limited to names is:
// lists and watches cannot, and creations only because server-side apply names
// what it creates. A namespace cannot be deleted with it, because whatever is
// in it would go, too, and uninstall keeps it.
//
// Whoever writes roles must have all that they grant, or the verbs escalate
// and bind on them, which the role has for those of the manifest.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
func Role(objects []manifest.Object) *rbacv1.ClusterRole {
	grants := &grants{names: map[grant]map[string]bool{}}
	grants.add(schema.GroupResource{Resource: "configmaps"}, inventory.ParentName, "get", "create", "patch", "delete")
	for _, object := range objects {
		resource := resourceOf(object.GroupVersionKind(), objects)
		grants.add(resource, object.GetName(), "get", "create", "patch")
		// What an earlier install has put there is listed.
		grants.add(resource, "", "list")
		if manifest.IsNamespace(object.Unstructured) {
			continue
		}
		// What is deleted is watched until it is gone, as a finalizer may hold
		// anything; what is to run is watched until it does.
		grants.add(resource, object.GetName(), "delete")
		grants.add(resource, "", "watch")
		switch {
		case manifest.IsCRD(object.Unstructured):
			// The user's objects are counted before a definition is deleted.
			grants.add(schema.ParseGroupResource(object.GetName()), "", "list")
		case strings.HasSuffix(resource.Resource, "roles") && resource.Group == rbacv1.GroupName:
			grants.add(resource, object.GetName(), "escalate")
		}
		grants.bindings(object.Unstructured)
	}
	// What pods, services and status show, and what explains a failure.
	grants.add(schema.GroupResource{Resource: "pods"}, "", "get", "list", "watch")
	grants.add(schema.GroupResource{Resource: "services"}, "", "get", "list", "watch")
	grants.add(schema.GroupResource{Resource: "events"}, "", "list", "watch")
	grants.add(schema.GroupResource{Resource: "pods/log"}, "", "get")
	return &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: RoleName},
		Rules:      grants.rules(),
	}
}

// vowelY is the end of kinds that apimachinery takes for gatewaies.
var vowelY = regexp.MustCompile(`[aeiou]y$`)

// resourceOf gives the resource of a kind: what its definition says, or the
// plural that all kinds of Kubernetes have, and most others.
func resourceOf(gvk schema.GroupVersionKind, objects []manifest.Object) schema.GroupResource {
	for _, object := range objects {
		if !manifest.IsCRD(object.Unstructured) {
			continue
		}
		group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
		if group == gvk.Group && kind == gvk.Kind {
			return schema.ParseGroupResource(object.GetName())
		}
	}
	plural, singular := meta.UnsafeGuessKindToResource(gvk)
	if vowelY.MatchString(singular.Resource) {
		plural.Resource = singular.Resource + "s"
	}
	return plural.GroupResource()
}

// grant is a verb on a resource.
type grant struct {
	schema.GroupResource
	verb string
}

// grants are the names for which each verb is granted; the empty name stands
// for all.
type grants struct {
	names map[grant]map[string]bool
}

func (g *grants) add(resource schema.GroupResource, name string, verbs ...string) {
	for _, verb := range verbs {
		key := grant{resource, verb}
		if g.names[key] == nil {
			g.names[key] = map[string]bool{}
		}
		g.names[key][name] = true
	}
}

// bindings grants to bind the role that a binding of the manifest names, which
// may be one that the manifest does not bring.
func (g *grants) bindings(object *unstructured.Unstructured) {
	gvk := object.GroupVersionKind()
	if gvk.Group != rbacv1.GroupName || !strings.HasSuffix(gvk.Kind, "Binding") {
		return
	}
	kind, _, _ := unstructured.NestedString(object.Object, "roleRef", "kind")
	name, _, _ := unstructured.NestedString(object.Object, "roleRef", "name")
	if kind != "" && name != "" {
		g.add(schema.GroupResource{Group: rbacv1.GroupName, Resource: strings.ToLower(kind) + "s"}, name, "bind")
	}
}

// rules puts the verbs with the same names together, and then the resources of
// a group with the same verbs and names.
func (g *grants) rules() []rbacv1.PolicyRule {
	type subject struct {
		schema.GroupResource
		names string
	}
	verbs := map[subject][]string{}
	for key, names := range g.names {
		at := subject{GroupResource: key.GroupResource}
		if !names[""] {
			at.names = strings.Join(slices.Sorted(maps.Keys(names)), ",")
		}
		verbs[at] = append(verbs[at], key.verb)
	}
	type kind struct{ group, names, verbs string }
	resources := map[kind][]string{}
	for at, granted := range verbs {
		slices.Sort(granted)
		key := kind{at.Group, at.names, strings.Join(granted, ",")}
		resources[key] = append(resources[key], at.Resource)
	}
	var rules []rbacv1.PolicyRule
	for key, members := range resources {
		slices.Sort(members)
		rule := rbacv1.PolicyRule{APIGroups: []string{key.group}, Resources: members, Verbs: strings.Split(key.verbs, ",")}
		if key.names != "" {
			rule.ResourceNames = strings.Split(key.names, ",")
		}
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(a, b rbacv1.PolicyRule) int {
		return cmp.Or(
			cmp.Compare(a.APIGroups[0], b.APIGroups[0]),
			slices.Compare(a.Resources, b.Resources),
			slices.Compare(a.Verbs, b.Verbs),
			slices.Compare(a.ResourceNames, b.ResourceNames),
		)
	})
	return rules
}
