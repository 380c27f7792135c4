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
	results, err := Run(t.Context(), subject)
	if err != nil || results != nil {
		t.Errorf("the results are %+v, %v", results, err)
	}
	if asked := server.took(); !slices.Equal(asked, []string{"* *.*"}) || !slices.Equal(server.looked, []string{"mesh"}) {
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
			results, err := Run(t.Context(), subject)
			if err != nil {
				t.Fatal(err)
			}
			var want []Result
			if test.want != "" {
				want = []Result{{
					Verdict: Fail,
					Name:    "permissions",
					Message: "you have no permission to " + test.want,
					Remedy:  "ask your cluster's administrator, or use a --context that may; 'kubectl auth can-i --list' shows what you may do",
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
				if results, err := Run(t.Context(), subject); err != nil || results != nil {
					t.Fatalf("the results are %+v, %v", results, err)
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

// TestPermissionsUnanswered is no verdict, but an error.
func TestPermissionsUnanswered(t *testing.T) {
	results, err := Run(t.Context(), (&apiServer{broken: true}).subject(t))
	if err == nil || results != nil || err.Error() != "cannot ask for permissions: the server said no" {
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
