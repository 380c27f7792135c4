package schedule

import (
	"cmp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// grant is what a binding of the manifest lets a ServiceAccount do.
type grant struct {
	account event.Object
	// namespace is where it holds; empty is everywhere.
	namespace string
	rules     []rbacv1.PolicyRule
}

// clusterAdmin is the role of every cluster that may do everything.
const clusterAdmin = "cluster-admin"

// grantsIn reads the roles and bindings among objects.
func grantsIn(objects []*unstructured.Unstructured) []grant {
	everything := rbacv1.PolicyRule{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}
	roles := map[event.Object][]rbacv1.PolicyRule{{Kind: "ClusterRole", Name: clusterAdmin}: {everything}}
	var bindings []rbacv1.ClusterRoleBinding // whose fields a RoleBinding has, too
	for _, object := range objects {
		if object.GroupVersionKind().Group != rbacv1.GroupName {
			continue
		}
		if kind := object.GetKind(); strings.HasSuffix(kind, "Binding") {
			var binding rbacv1.ClusterRoleBinding
			if runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &binding) == nil {
				bindings = append(bindings, binding)
			}
			continue
		}
		var role rbacv1.ClusterRole // of which a Role has part of the fields
		if runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role) == nil {
			roles[event.Object{Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName()}] = role.Rules
		}
	}
	var grants []grant
	for _, binding := range bindings {
		role := event.Object{Kind: binding.RoleRef.Kind, Name: binding.RoleRef.Name}
		if role.Kind == "Role" {
			role.Namespace = binding.Namespace
		}
		for _, subject := range binding.Subjects {
			if subject.Kind == rbacv1.ServiceAccountKind {
				account := event.Object{Kind: subject.Kind, Namespace: cmp.Or(subject.Namespace, binding.Namespace), Name: subject.Name}
				grants = append(grants, grant{account, binding.Namespace, roles[role]})
			}
		}
	}
	return grants
}

// lets reports whether a grant lets the account of a workload create an object.
func (g grant) lets(w *workload, object event.Object) bool {
	account := event.Object{Kind: rbacv1.ServiceAccountKind, Namespace: w.ref.Namespace, Name: cmp.Or(w.pod.ServiceAccountName, w.pod.DeprecatedServiceAccount, "default")}
	if g.account != account || g.namespace != "" && g.namespace != object.Namespace {
		return false
	}
	resource := strings.ToLower(object.Kind) + "s"
	return slices.ContainsFunc(g.rules, func(rule rbacv1.PolicyRule) bool {
		// With names, a rule does not let anybody create
		// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources).
		return len(rule.ResourceNames) == 0 && has(rule.APIGroups, object.Group) && has(rule.Resources, resource) && has(rule.Verbs, "create")
	})
}

func has(values []string, value string) bool {
	return slices.Contains(values, value) || slices.Contains(values, "*")
}
