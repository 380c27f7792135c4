// Package access reads requests and roles as the API server authorizes them.
package access

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// Access is what the API server authorizes: a verb on a resource, everywhere or
// in a namespace, and for some verbs on one object.
type Access struct{ Verb, Group, Resource, Namespace, Name string }

func (a Access) String() string {
	text := a.Verb + " " + a.Resource
	if a.Group != "" {
		text += "." + a.Group
	}
	text += strings.TrimSuffix("/"+a.Name, "/")
	if a.Namespace != "" {
		text += " in " + a.Namespace
	}
	return text
}

// Of reads a request as the API server does
// (k8s.io/apiserver/pkg/endpoints/request). What is for no resource, and what
// everybody may ask, gives nothing.
func Of(t *testing.T, request string) []Access {
	t.Helper()
	method, address, _ := strings.Cut(request, " ")
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.Trim(parsed.Path, "/"), "/")
	var to Access
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		to.Group, parts = parts[1], parts[3:]
	default:
		return nil
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		to.Namespace, parts = parts[1], parts[2:]
	}
	to.Resource = parts[0]
	if len(parts) > 1 {
		to.Name = parts[1]
	}
	if len(parts) > 2 {
		to.Resource += "/" + parts[2]
	}
	switch {
	case strings.HasPrefix(to.Resource, "selfsubject"):
		return nil
	case method == http.MethodPatch:
		// Server-side apply of an object that is not there creates it.
		patch, create := to, to
		patch.Verb, create.Verb = "patch", "create"
		return []Access{patch, create}
	case method == http.MethodGet && parsed.Query().Get("watch") != "":
		to.Verb = "watch"
	case method == http.MethodGet && to.Name == "":
		to.Verb = "list"
	default:
		to.Verb = map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodDelete: "delete"}[method]
	}
	return []Access{to}
}

// Roles reads those that rbac prints, as ClusterRoles, which have all fields of
// a Role.
func Roles(t *testing.T, printed string) []rbacv1.ClusterRole {
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

// Granted gives everything that roles grant, a name at a time. The empty name
// stands for all, and the empty namespace, too.
func Granted(t *testing.T, printed string) map[Access]bool {
	t.Helper()
	all := map[Access]bool{}
	for _, role := range Roles(t, printed) {
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						for _, name := range strings.Split(strings.Join(rule.ResourceNames, ","), ",") {
							all[Access{verb, group, resource, role.Namespace, name}] = true
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
func (a Access) wider() []Access {
	all, everywhere := a, a
	all.Name, everywhere.Namespace = "", ""
	both := all
	both.Namespace = ""
	return []Access{a, all, everywhere, both}
}

// Allowed tells whether some grants allow the access. Of all kinds and verbs,
// which roles of Istio's have, it does not know.
func (a Access) Allowed(granted map[Access]bool) bool {
	return slices.ContainsFunc(a.wider(), func(wider Access) bool { return granted[wider] })
}

// Unused gives what is granted and not used.
func Unused(granted, used map[Access]bool) []Access {
	allowing := map[Access]bool{}
	for access := range used {
		for _, wider := range access.wider() {
			allowing[wider] = true
		}
	}
	var left []Access
	for access := range granted {
		if !allowing[access] {
			left = append(left, access)
		}
	}
	return left
}
