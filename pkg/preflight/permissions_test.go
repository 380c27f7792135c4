package preflight

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestAdmin may do anything, and is asked once.
func TestAdmin(t *testing.T) {
	server := &apiServer{namespaces: map[string]string{"mesh": "active"}}
	subject := server.subject(t)
	subject.Uses = []Use{use("deployments.apps", "mesh"), use("configmaps", "mesh"), use("clusterroles.rbac.authorization.k8s.io", "")}
	subject.Namespaces = []string{"mesh"}
	subject.Watches = true
	if results := verdicts(only(t, "permissions", subject)); !slices.Equal(results, []string{"pass: you have full access"}) {
		t.Errorf("the results are %q", results)
	}
	if asked := server.took(); !slices.Equal(asked, []string{"* *.*"}) || len(server.looked) > 0 {
		t.Errorf("asked for %q, looked at %q", asked, server.looked)
	}
}

func TestPermissions(t *testing.T) {
	for _, test := range []struct {
		name   string
		denies []string
		want   string
	}{
		{"enough", nil, ""},
		{"one verb", []string{"create clusterroles"}, "create clusterroles.rbac.authorization.k8s.io"},
		{"one namespace", []string{"patch configmaps in namespace other"}, "patch configmaps in namespace other"},
		{"sorted", []string{"patch configmaps", "get cluster"}, "get clusterroles.rbac.authorization.k8s.io, patch configmaps in namespace mesh, patch configmaps in namespace other"},
		{"shortened", []string{"configmaps", "get clusterroles"}, "create configmaps in namespace mesh, create configmaps in namespace other, get clusterroles.rbac.authorization.k8s.io and 4 more"},
		{"nothing", []string{""}, "create clusterroles.rbac.authorization.k8s.io, create configmaps in namespace mesh, create configmaps in namespace other and 6 more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			subject := (&apiServer{denies: notAdmin(test.denies...)}).subject(t)
			subject.Uses = []Use{use("configmaps", "other"), use("clusterroles.rbac.authorization.k8s.io", ""), use("configmaps", "mesh")}
			subject.Roles = "kubectl istio-demo rbac -n mesh"
			results := only(t, "permissions", subject)
			want := []Result{{Name: "permissions", Verdict: Pass, Message: "you have all required permissions"}}
			if test.want != "" {
				want = []Result{{
					Name:    "permissions",
					Verdict: Fail,
					Message: "no permission to " + test.want,
					Remedy:  "ask your cluster administrator for the roles that 'kubectl istio-demo rbac -n mesh' prints with the same flags, or use another --context",
				}}
			}
			if !reflect.DeepEqual(results, want) {
				t.Errorf("the results are\n%+v, want\n%+v", results, want)
			}
		})
	}
}

// TestPermissionsToWatch asks to watch what takes its time to become ready,
// by the rules of kstatus, and nothing else.
func TestPermissionsToWatch(t *testing.T) {
	for _, test := range []struct {
		resource, namespace string
		waited              bool
	}{
		{"customresourcedefinitions.apiextensions.k8s.io", "", true},
		{"daemonsets.apps", "mesh", true},
		{"deployments.apps", "mesh", true},
		{"jobs.batch", "mesh", true},
		{"persistentvolumeclaims", "mesh", true},
		{"poddisruptionbudgets.policy", "mesh", true},
		{"pods", "mesh", true},
		{"replicasets.apps", "mesh", true},
		{"statefulsets.apps", "mesh", true},
		{"configmaps", "mesh", false},
		{"services", "mesh", false},
		{"clusterroles.rbac.authorization.k8s.io", "", false},
	} {
		t.Run(test.resource, func(t *testing.T) {
			for _, watches := range []bool{true, false} {
				server := &apiServer{denies: notAdmin()}
				subject := server.subject(t)
				subject.Uses, subject.Watches = []Use{use(test.resource, test.namespace)}, watches
				if results := only(t, "permissions", subject); results[0].Verdict != Pass {
					t.Fatalf("the results are %+v", results)
				}
				want := []string{"create", "get", "patch"}
				if test.waited && watches {
					want = []string{"create", "get", "list", "patch", "watch"}
				}
				// The first question is the one for everything.
				var got []string
				for _, asked := range server.took()[1:] {
					verb, _, _ := strings.Cut(asked, " ")
					got = append(got, verb)
				}
				if !slices.Equal(got, want) {
					t.Errorf("waiting %t: asked to %v, want %v", watches, got, want)
				}
			}
		})
	}
}

// TestPermissionsToPrune asks to list and delete everything besides.
func TestPermissionsToPrune(t *testing.T) {
	server := &apiServer{denies: notAdmin()}
	subject := server.subject(t)
	subject.Uses, subject.Prunes, subject.Watches = []Use{use("configmaps", "mesh"), use("pods", "mesh")}, true, true
	only(t, "permissions", subject)
	want := []string{
		"* *.*",
		"create configmaps in namespace mesh", "create pods in namespace mesh",
		"delete configmaps in namespace mesh", "delete pods in namespace mesh",
		"get configmaps in namespace mesh", "get pods in namespace mesh",
		"list configmaps in namespace mesh", "list pods in namespace mesh",
		"patch configmaps in namespace mesh", "patch pods in namespace mesh",
		"watch pods in namespace mesh",
	}
	if got := server.took(); !slices.Equal(got, want) {
		t.Errorf("asked to %q", got)
	}
}

// TestPermissionsByName asks again for each object, as roles may be limited to
// some names (resourceNames).
func TestPermissionsByName(t *testing.T) {
	for _, test := range []struct {
		name string
		// allows are the names for which everything is allowed.
		allows []string
		want   string
	}{
		{"all names", []string{"a", "b"}, "pass: you have all required permissions"},
		{"some", []string{"a"}, "fail: no permission to create configmaps/b in namespace mesh, get configmaps/b in namespace mesh, patch configmaps/b in namespace mesh"},
		{"none", nil, "fail: no permission to create configmaps in namespace mesh, get configmaps in namespace mesh, patch configmaps in namespace mesh"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{denies: func(asked string) bool {
				return !slices.ContainsFunc(test.allows, func(name string) bool { return strings.Contains(asked, "configmaps/"+name+" ") })
			}}
			subject := server.subject(t)
			subject.Uses = []Use{use("configmaps", "mesh", "a", "b")}
			if got := verdicts(only(t, "permissions", subject)); !slices.Equal(got, []string{test.want}) {
				t.Errorf("the results are %q", got)
			}
		})
	}
}

// TestListIsForAll does not ask to list or watch objects by name.
func TestListIsForAll(t *testing.T) {
	server := &apiServer{denies: notAdmin("list", "watch")}
	subject := server.subject(t)
	subject.Uses, subject.Watches = []Use{use("pods", "mesh", "a")}, true
	want := "fail: no permission to list pods in namespace mesh, watch pods in namespace mesh"
	if got := verdicts(only(t, "permissions", subject)); !slices.Equal(got, []string{want}) {
		t.Errorf("the results are %q", got)
	}
	if asked := server.took(); len(asked) != 6 {
		t.Errorf("asked to %q", asked)
	}
}

// TestPermissionsUnanswered is no verdict, but an error.
func TestPermissionsUnanswered(t *testing.T) {
	results, err := Run(t.Context(), (&apiServer{broken: true}).subject(t))
	if err == nil || results != nil || err.Error() != "cannot check permissions: the server said no" {
		t.Errorf("the results are %+v, the error %v", results, err)
	}
}

func TestShortList(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	for n, want := range []string{"", "a", "a, b", "a, b, c", "a, b, c and 1 more", "a, b, c and 2 more"} {
		if got := shortList(names[:n]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
