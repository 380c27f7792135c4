package rbac

import (
	"errors"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// access gives the roles for a manifest in the namespace mesh.
func access(t *testing.T, text string, escalation bool) (RoleSet, error) {
	t.Helper()
	content, err := decode.Decode("test", []byte(text), true)
	if err != nil {
		t.Fatal(err)
	}
	objects, _, err := install.Plan(content.Objects, manifest.Namespace{Name: "mesh"}, false)
	if err != nil {
		t.Fatal(err)
	}
	return For(objects, "mesh", escalation)
}

// rules gives a line for each rule, sorted: [NAMESPACE:] VERBS RESOURCES.GROUP
// NAMES.
func rules(t *testing.T, text string, escalation bool) []string {
	t.Helper()
	access, err := access(t, text, escalation)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, object := range access.Objects() {
		switch object := object.(type) {
		case *rbacv1.ClusterRole:
			if object.Kind != "ClusterRole" || object.APIVersion != "rbac.authorization.k8s.io/v1" || object.Name != "kubectl-istio-demo" {
				t.Errorf("it is %s %s %s", object.APIVersion, object.Kind, object.Name)
			}
			for _, rule := range object.Rules {
				lines = append(lines, line(rule))
			}
		case *rbacv1.Role:
			if object.Kind != "Role" || object.APIVersion != "rbac.authorization.k8s.io/v1" || object.Name != "kubectl-istio-demo" {
				t.Errorf("it is %s %s %s", object.APIVersion, object.Kind, object.Name)
			}
			for _, rule := range object.Rules {
				lines = append(lines, object.Namespace+": "+line(rule))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func line(rule rbacv1.PolicyRule) string {
	if len(rule.NonResourceURLs) > 0 {
		return strings.Join(rule.Verbs, ",") + " " + strings.Join(rule.NonResourceURLs, ",")
	}
	resources := strings.Join(rule.Resources, ",")
	if rule.APIGroups[0] != "" {
		resources += "." + strings.Join(rule.APIGroups, ",")
	}
	return strings.TrimSpace(strings.Join(rule.Verbs, ",") + " " + resources + " " + strings.Join(rule.ResourceNames, ","))
}

// always are the rules that the roles always have: for the namespace and the
// inventory, and to look at what runs.
var always = []string{
	"get namespaces mesh",
	"list namespaces",
	"get services",
	"list endpointslices.discovery.k8s.io",
	"mesh: create,delete,get,patch configmaps istio-demo",
	"mesh: list,watch events,services",
	"mesh: get,list,watch pods",
	"mesh: get pods/log",
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
			"mesh: create,delete,get,patch deployments.apps a,b", "mesh: list,watch deployments.apps",
		}},
		{"kinds with the same names", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}}", []string{
			"mesh: create,delete,get,patch deployments,statefulsets.apps a", "mesh: list,watch deployments,statefulsets.apps",
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
			"mesh: create,delete,escalate,get,patch roles.rbac.authorization.k8s.io a", "mesh: list,watch roles.rbac.authorization.k8s.io",
		}},
		{"a binding to a role that is there", "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: view}}", []string{
			"mesh: bind clusterroles.rbac.authorization.k8s.io view", "mesh: create,delete,get,patch rolebindings.rbac.authorization.k8s.io a", "mesh: list,watch rolebindings.rbac.authorization.k8s.io",
		}},
		{"a binding to a role of the manifest", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: b}}\n---\n" +
			"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: b}}", []string{
			"create,delete,get,patch clusterrolebindings.rbac.authorization.k8s.io a",
			"list,watch clusterrolebindings,clusterroles.rbac.authorization.k8s.io",
			"bind,create,delete,escalate,get,patch clusterroles.rbac.authorization.k8s.io b",
		}},
		{"objects of two namespaces", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: b, namespace: shop}}", []string{
			"mesh: create,delete,get,patch deployments.apps a", "mesh: list,watch deployments.apps",
			"shop: create,delete,get,patch deployments.apps b", "shop: list,watch deployments.apps",
			"shop: list,watch events,services", "shop: get,list,watch pods", "shop: get pods/log",
		}},
		{"Istio itself", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, labels: {istio: pilot}}}", []string{
			"mesh: create,delete,get,patch deployments.apps a", "mesh: list,watch deployments.apps", "list deployments.apps",
		}},
		{"a binding that is none", "{apiVersion: example.com/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: view}}", []string{
			"create,delete,get,patch rolebindings.example.com a", "list,watch rolebindings.example.com",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := rules(t, test.text, true)
			want := append(slices.Clone(always), test.want...)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("the rules are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestRoleOfOwnNamespace never allows to delete a namespace, nor to watch all.
func TestRoleOfOwnNamespace(t *testing.T) {
	for _, rule := range rules(t, "{apiVersion: v1, kind: Namespace, metadata: {name: own}}", true) {
		verbs, rest, _ := strings.Cut(rule, " ")
		if strings.HasPrefix(rest, "namespaces") && (strings.Contains(verbs, "delete") || strings.Contains(verbs, "watch")) {
			t.Errorf("there is a rule %s", rule)
		}
	}
}

// grantsRights has roles of both kinds, and the bindings of each.
const grantsRights = `
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: everywhere}, rules: [
  {apiGroups: ["", apps], resources: [secrets, pods], verbs: [get, list]},
  {apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [get, delete]},
  {nonResourceURLs: [/metrics, /healthz], verbs: [get]}, {nonResourceURLs: [/metrics], verbs: [head]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: here}, rules: [{apiGroups: [example.com], resources: ["*"], verbs: ["*"]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: everywhere}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, roleRef: {kind: Role, name: here}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: c}, roleRef: {kind: ClusterRole, name: everywhere}}
`

// TestRoleWithoutEscalation grants what the manifest's roles do, everywhere or
// where they are.
func TestRoleWithoutEscalation(t *testing.T) {
	with, without := rules(t, grantsRights, true), rules(t, grantsRights, false)
	for _, rule := range []string{
		"bind,create,delete,escalate,get,patch clusterroles.rbac.authorization.k8s.io everywhere",
		"mesh: bind,create,delete,escalate,get,patch roles.rbac.authorization.k8s.io here",
		"mesh: bind clusterroles.rbac.authorization.k8s.io everywhere",
	} {
		if !slices.Contains(with, rule) {
			t.Errorf("with escalation there is no rule %s in\n%s", rule, strings.Join(with, "\n"))
		}
	}
	for _, rule := range []string{
		"create,delete,get,patch clusterroles.rbac.authorization.k8s.io everywhere",
		"mesh: create,delete,get,patch roles.rbac.authorization.k8s.io here",
		"get,list pods,secrets.apps", "get,list pods,secrets", "delete secrets a",
		"get /healthz", "get,head /metrics",
		"mesh: * *.example.com",
	} {
		if !slices.Contains(without, rule) {
			t.Errorf("without escalation there is no rule %s in\n%s", rule, strings.Join(without, "\n"))
		}
	}
	for _, rule := range without {
		verbs, _, _ := strings.Cut(strings.TrimPrefix(rule, "mesh: "), " ")
		if list := strings.Split(verbs, ","); slices.Contains(list, "escalate") || slices.Contains(list, "bind") {
			t.Errorf("without escalation there is a rule %s", rule)
		}
	}
}

// TestRoleNeedsEscalation refuses what nobody can tell the rules of.
func TestRoleNeedsEscalation(t *testing.T) {
	const role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: "
	for _, test := range []struct{ text, want string }{
		{role + "ClusterRoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: cluster-admin}}",
			"test, document 1 (line 1): clusterrolebinding a: the manifest lacks the rules of clusterroles/cluster-admin, so binding it requires the bind verb: leave out --without-escalation"},
		{role + "RoleBinding, metadata: {name: a}, roleRef: {kind: Role, name: b}}\n---\n" + role + "Role, metadata: {name: b, namespace: shop}}",
			"test, document 1 (line 1): rolebinding mesh/a: the manifest lacks the rules of roles/b, so binding it requires the bind verb: leave out --without-escalation"},
		{role + "ClusterRole, metadata: {name: a}, aggregationRule: {clusterRoleSelectors: []}}",
			"test, document 1 (line 1): clusterrole a: aggregated roles require the escalate verb: leave out --without-escalation"},
		{role + "ClusterRole, metadata: {name: a}, rules: none}", "test, document 1 (line 1): clusterrole a: cannot read its rules: "},
	} {
		if _, err := access(t, test.text, true); err != nil {
			t.Errorf("with escalation: %v", err)
		}
		_, err := access(t, test.text, false)
		var input *manifest.InputError
		if err == nil || !errors.As(err, &input) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("the error is\n%v\nwant\n%s", err, test.want)
		}
	}
}

// TestRoleNamespaces has the namespaces come before what is in them.
func TestRoleNamespaces(t *testing.T) {
	access, err := access(t, "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: shop}}", true)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, object := range access.Objects() {
		meta := object.(metav1.Object)
		kinds = append(kinds, object.GetObjectKind().GroupVersionKind().Kind+" "+meta.GetNamespace()+"/"+meta.GetName())
	}
	want := []string{"Namespace /mesh", "Namespace /shop", "ClusterRole /kubectl-istio-demo", "Role mesh/kubectl-istio-demo", "Role shop/kubectl-istio-demo"}
	if !slices.Equal(kinds, want) {
		t.Errorf("the objects are %q", kinds)
	}
}
