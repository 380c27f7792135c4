package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// access is what the API server authorizes: a verb on a resource, everywhere or
// in a namespace, and for some verbs on one object.
type access struct{ verb, group, resource, namespace, name string }

func (a access) String() string {
	text := a.verb + " " + a.resource
	if a.group != "" {
		text += "." + a.group
	}
	text += strings.TrimSuffix("/"+a.name, "/")
	if a.namespace != "" {
		text += " in " + a.namespace
	}
	return text
}

// accessOf reads a request as the API server does
// (k8s.io/apiserver/pkg/endpoints/request). What is for no resource, and what
// everybody may ask, gives nothing.
func accessOf(t *testing.T, request string) []access {
	t.Helper()
	method, address, _ := strings.Cut(request, " ")
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.Trim(parsed.Path, "/"), "/")
	var to access
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		to.group, parts = parts[1], parts[3:]
	default:
		return nil
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		to.namespace, parts = parts[1], parts[2:]
	}
	to.resource = parts[0]
	if len(parts) > 1 {
		to.name = parts[1]
	}
	if len(parts) > 2 {
		to.resource += "/" + parts[2]
	}
	switch {
	case strings.HasPrefix(to.resource, "selfsubject"):
		return nil
	case method == http.MethodPatch:
		// Server-side apply of an object that is not there creates it.
		patch, create := to, to
		patch.verb, create.verb = "patch", "create"
		return []access{patch, create}
	case method == http.MethodGet && parsed.Query().Get("watch") != "":
		to.verb = "watch"
	case method == http.MethodGet && to.name == "":
		to.verb = "list"
	default:
		to.verb = map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodDelete: "delete"}[method]
	}
	return []access{to}
}

// rolesIn reads those that rbac prints, as ClusterRoles, which have all fields of
// a Role.
func rolesIn(t *testing.T, printed string) []rbacv1.ClusterRole {
	t.Helper()
	var roles []rbacv1.ClusterRole
	for _, document := range strings.Split(printed, "\n---\n") {
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict([]byte(document), &role); err != nil {
			t.Fatal(err)
		}
		if role.Kind != "Namespace" {
			roles = append(roles, role)
		}
	}
	return roles
}

// granted gives everything that roles grant, a name at a time. The empty name
// stands for all, and the empty namespace, too.
func granted(t *testing.T, printed string) map[access]bool {
	t.Helper()
	all := map[access]bool{}
	for _, role := range rolesIn(t, printed) {
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						for _, name := range strings.Split(strings.Join(rule.ResourceNames, ","), ",") {
							all[access{verb, group, resource, role.Namespace, name}] = true
						}
					}
				}
			}
		}
	}
	return all
}

// wider gives what allows the access: itself, and the same for all names, for
// all namespaces, and for both.
func (a access) wider() []access {
	all, everywhere := a, a
	all.name, everywhere.namespace = "", ""
	both := all
	both.namespace = ""
	return []access{a, all, everywhere, both}
}

// allowed tells whether some grants allow the access. Of all kinds and verbs,
// which roles of Istio's have, it does not know.
func (a access) allowed(granted map[access]bool) bool {
	return slices.ContainsFunc(a.wider(), func(wider access) bool { return granted[wider] })
}

// unused gives what is granted and not used.
func unused(granted, used map[access]bool) []access {
	allowing := map[access]bool{}
	for access := range used {
		for _, wider := range access.wider() {
			allowing[wider] = true
		}
	}
	var left []access
	for access := range granted {
		if !allowing[access] {
			left = append(left, access)
		}
	}
	return left
}
