package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// access is what the API server authorizes: a verb on a resource, and for some
// verbs on one object.
type access struct{ verb, group, resource, name string }

func (a access) String() string {
	text := a.verb + " " + a.resource
	if a.group != "" {
		text += "." + a.group
	}
	return text + strings.TrimSuffix("/"+a.name, "/")
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
		parts = parts[2:]
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

// granted gives everything that a role grants, a name at a time. The empty
// name stands for all.
func granted(t *testing.T, role string) map[access]bool {
	t.Helper()
	var parsed rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict([]byte(role), &parsed); err != nil {
		t.Fatal(err)
	}
	all := map[access]bool{}
	for _, rule := range parsed.Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					for _, name := range strings.Split(strings.Join(rule.ResourceNames, ","), ",") {
						all[access{verb, group, resource, name}] = true
					}
				}
			}
		}
	}
	return all
}

// ofAll gives the same for all names.
func (a access) ofAll() access {
	a.name = ""
	return a
}

// unused gives what is granted and not used, as far as names go.
func unused(granted, used map[access]bool) []access {
	names := map[access]bool{}
	for access := range used {
		names[access], names[access.ofAll()] = true, true
	}
	var left []access
	for access := range granted {
		if !names[access] {
			left = append(left, access)
		}
	}
	return left
}
