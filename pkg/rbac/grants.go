package rbac

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// grants are rights by the namespace where they hold, which is empty for those
// that hold everywhere.
type grants map[string]*rights

func (g grants) in(namespace string) *rights {
	if g[namespace] == nil {
		g[namespace] = &rights{names: map[grant]map[string]bool{}, urls: map[string]map[string]bool{}}
	}
	return g[namespace]
}

// namespaces returns those with rights of their own, sorted.
func (g grants) namespaces() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(g)), func(namespace string) bool { return namespace == "" })
}

// escalate grants to write a role of the manifest whatever is in it, and to
// bind what a binding of the manifest names, which may be a role that the
// manifest does not bring.
func (g grants) escalate(object *unstructured.Unstructured) {
	here := g.in(object.GetNamespace())
	if role, is := roleIn(object); is {
		here.add(role, object.GetName(), "escalate")
	}
	if role, name := boundBy(object); name != "" {
		here.add(role, name, "bind")
	}
}

// hold grants what a role of the manifest does. What a binding grants must be
// in the manifest, too: nobody could tell what that will be.
func (g grants) hold(object *unstructured.Unstructured, objects []manifest.Object) error {
	if _, is := roleIn(object); is {
		var role rbacv1.ClusterRole // a Role has part of its fields
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
			return fmt.Errorf("cannot read its rules: %w", err)
		}
		if role.AggregationRule != nil {
			return errors.New("aggregated roles require the escalate verb: leave out --without-escalation")
		}
		g.in(object.GetNamespace()).hold(role.Rules)
	}
	role, name := boundBy(object)
	brought := slices.ContainsFunc(objects, func(other manifest.Object) bool {
		resource, is := roleIn(other.Unstructured)
		here := other.GetNamespace() == "" || other.GetNamespace() == object.GetNamespace()
		return is && resource == role && here && other.GetName() == name
	})
	if name != "" && !brought {
		return fmt.Errorf("the manifest lacks the rules of %s/%s, so binding it requires the bind verb: leave out --without-escalation", role.Resource, name)
	}
	return nil
}

// roleIn returns the resource of a role.
func roleIn(object *unstructured.Unstructured) (role schema.GroupResource, is bool) {
	gvk := object.GroupVersionKind()
	return roleOf(gvk.Kind), gvk.Group == rbacv1.GroupName && (gvk.Kind == "Role" || gvk.Kind == "ClusterRole")
}

// boundBy returns the role that a binding names; its name is empty where the
// object is no binding.
func boundBy(object *unstructured.Unstructured) (role schema.GroupResource, name string) {
	gvk := object.GroupVersionKind()
	if gvk.Group != rbacv1.GroupName || !strings.HasSuffix(gvk.Kind, "Binding") {
		return schema.GroupResource{}, ""
	}
	kind, _, _ := unstructured.NestedString(object.Object, "roleRef", "kind")
	name, _, _ = unstructured.NestedString(object.Object, "roleRef", "name")
	return roleOf(kind), name
}

func roleOf(kind string) schema.GroupResource {
	return schema.GroupResource{Group: rbacv1.GroupName, Resource: strings.ToLower(kind) + "s"}
}

// grant is a verb on a resource.
type grant struct {
	schema.GroupResource
	verb string
}

// rights are the names for which each verb is granted, of which the empty name
// stands for all, and the verbs for each path that is no resource.
type rights struct {
	names map[grant]map[string]bool
	urls  map[string]map[string]bool
}

func (r *rights) add(resource schema.GroupResource, name string, verbs ...string) {
	for _, verb := range verbs {
		key := grant{resource, verb}
		if r.names[key] == nil {
			r.names[key] = map[string]bool{}
		}
		r.names[key][name] = true
	}
}

// hold adds what rules grant.
func (r *rights) hold(rules []rbacv1.PolicyRule) {
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					r.add(schema.GroupResource{Group: group, Resource: resource}, name, rule.Verbs...)
				}
			}
		}
		for _, url := range rule.NonResourceURLs {
			if r.urls[url] == nil {
				r.urls[url] = map[string]bool{}
			}
			for _, verb := range rule.Verbs {
				r.urls[url][verb] = true
			}
		}
	}
}

// rules puts the verbs with the same names together, and then the resources of
// a group with the same verbs and names. What is no resource comes last.
func (r *rights) rules() []rbacv1.PolicyRule {
	type subject struct {
		schema.GroupResource
		names string
	}
	verbs := map[subject][]string{}
	for key, names := range r.names {
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
	for _, url := range slices.Sorted(maps.Keys(r.urls)) {
		rules = append(rules, rbacv1.PolicyRule{NonResourceURLs: []string{url}, Verbs: slices.Sorted(maps.Keys(r.urls[url]))})
	}
	return rules
}
