package demo

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// rules gives a line for each rule: VERBS RESOURCES.GROUP NAMES.
func rules(t *testing.T, text string) []string {
	t.Helper()
	content, err := manifest.Decode("test", []byte(text), true)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := Plan(content.Objects, manifest.Namespace{Name: "mesh"})
	if err != nil {
		t.Fatal(err)
	}
	role := Role(objects)
	if role.Kind != "ClusterRole" || role.APIVersion != "rbac.authorization.k8s.io/v1" || role.Name != "kubectl-istio-demo" {
		t.Errorf("it is %s %s %s", role.APIVersion, role.Kind, role.Name)
	}
	var lines []string
	for _, rule := range role.Rules {
		lines = append(lines, line(rule))
	}
	return lines
}

func line(rule rbacv1.PolicyRule) string {
	resources := strings.Join(rule.Resources, ",")
	if rule.APIGroups[0] != "" {
		resources += "." + strings.Join(rule.APIGroups, ",")
	}
	return strings.TrimSpace(strings.Join(rule.Verbs, ",") + " " + resources + " " + strings.Join(rule.ResourceNames, ","))
}

// always are the rules that every role has: for the namespace and the
// inventory, and to look at what runs.
var always = []string{
	"create,delete,get,patch configmaps istio-demo",
	"list,watch events",
	"create,get,patch namespaces mesh",
	"list namespaces",
	"get,list,watch pods,services",
	"get pods/log",
}

func TestRole(t *testing.T) {
	const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: oxen.farm.example.com}
spec: {group: farm.example.com, scope: Cluster, names: {kind: Ox, plural: oxen}}
`
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"objects of a kind", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}}\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}", []string{
			"create,delete,get,patch deployments.apps a,b", "list,watch deployments.apps",
		}},
		{"kinds with the same names", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}}", []string{
			"create,delete,get,patch deployments,statefulsets.apps a", "list,watch deployments,statefulsets.apps",
		}},
		{"a definition and its object", definition + "---\n{apiVersion: farm.example.com/v1, kind: Ox, metadata: {name: a}}", []string{
			"create,delete,get,patch customresourcedefinitions.apiextensions.k8s.io oxen.farm.example.com",
			"list,watch customresourcedefinitions.apiextensions.k8s.io",
			"create,delete,get,patch oxen.farm.example.com a",
			"list,watch oxen.farm.example.com",
		}},
		{"a definition", definition, []string{
			"create,delete,get,patch customresourcedefinitions.apiextensions.k8s.io oxen.farm.example.com",
			"list,watch customresourcedefinitions.apiextensions.k8s.io",
			"list oxen.farm.example.com",
		}},
		{"objects without definitions", "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a}}\n---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}}", []string{
			"create,delete,get,patch gateways.networking.istio.io a", "list,watch gateways.networking.istio.io",
			"create,delete,get,patch authorizationpolicies.security.istio.io a", "list,watch authorizationpolicies.security.istio.io",
		}},
		{"a role", "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}}", []string{
			"create,delete,escalate,get,patch roles.rbac.authorization.k8s.io a", "list,watch roles.rbac.authorization.k8s.io",
		}},
		{"a binding to a role that is there", "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: view}}", []string{
			"bind clusterroles.rbac.authorization.k8s.io view", "create,delete,get,patch rolebindings.rbac.authorization.k8s.io a", "list,watch rolebindings.rbac.authorization.k8s.io",
		}},
		{"a binding to a role of the manifest", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: b}}\n---\n" +
			"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: b}}", []string{
			"create,delete,get,patch clusterrolebindings.rbac.authorization.k8s.io a",
			"list,watch clusterrolebindings,clusterroles.rbac.authorization.k8s.io",
			"bind,create,delete,escalate,get,patch clusterroles.rbac.authorization.k8s.io b",
		}},
		{"a binding that is none", "{apiVersion: example.com/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: view}}", []string{
			"create,delete,get,patch rolebindings.example.com a", "list,watch rolebindings.example.com",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := rules(t, test.text)
			if want := append(slices.Clone(always), test.want...); !slices.Equal(got, want) {
				t.Errorf("the rules are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestRoleOfOwnNamespace never allows to delete a namespace, nor to watch all.
func TestRoleOfOwnNamespace(t *testing.T) {
	for _, rule := range rules(t, "{apiVersion: v1, kind: Namespace, metadata: {name: own}}") {
		verbs, rest, _ := strings.Cut(rule, " ")
		if strings.HasPrefix(rest, "namespaces") && (strings.Contains(verbs, "delete") || strings.Contains(verbs, "watch")) {
			t.Errorf("there is a rule %s", rule)
		}
	}
}
