package preflight

import (
	"reflect"
	"slices"
	"testing"
)

func TestNamespaces(t *testing.T) {
	missing := func(message, remedy string) []Result {
		return []Result{{Name: "namespaces", Verdict: Fail, Message: message, Remedy: remedy}}
	}
	denied := func(message string) []Result {
		return []Result{{
			Name:    "namespaces",
			Verdict: Fail,
			Message: message,
			Remedy:  "ask your cluster administrator, or use another --context; 'kubectl auth can-i --list' shows your permissions",
		}}
	}
	good := func(message string) []Result {
		return []Result{{Name: "namespaces", Verdict: Pass, Message: message}}
	}
	terminating := missing("namespace old has been terminating since 2026-01-02 03:04:05 UTC",
		"wait for its deletion ('kubectl wait --for=delete namespace/old'), then rerun the same command")
	here := map[string]string{"mesh": "active", "old": "terminating", "hidden": "forbidden"}
	for _, test := range []struct {
		name       string
		namespaces []string
		creates    []string
		denies     []string
		want       []Result
	}{
		{"none", nil, nil, nil, good("no namespaced objects")},
		{"there", []string{"mesh"}, nil, nil, good("existing: mesh")},
		{"there, not created", []string{"mesh"}, []string{"mesh"}, []string{"namespaces"}, good("existing: mesh")},
		{"forbidden to look at", []string{"hidden"}, nil, nil,
			[]Result{{Name: "namespaces", Verdict: Unknown, Message: "not checked: no permission to read hidden"}}},
		{"to be created", []string{"new"}, []string{"new"}, nil, good("to be created: new")},
		{"to be created without the permission", []string{"new"}, []string{"new"}, []string{"create namespaces"},
			denied("no permission to create namespaces")},
		{"to be created without any permission", []string{"new", "newer"}, []string{"new", "newer"}, []string{"namespaces"},
			denied("no permission to create namespaces, patch namespaces")},
		{"missing", []string{"mesh", "new"}, nil, nil,
			missing("namespace new does not exist and is not in the manifest", "create it first ('kubectl create namespace new')")},
		{"several missing", []string{"a", "b", "c"}, []string{"b"}, nil,
			missing("namespace a, c does not exist and is not in the manifest", "create it first ('kubectl create namespace a')")},
		{"being deleted", []string{"old"}, nil, nil, terminating},
		// A new one can only be made when the old one is gone.
		{"being deleted, to be created", []string{"old"}, []string{"old"}, nil, terminating},
		{"all at once", []string{"new", "old", "none"}, []string{"new"}, []string{"patch namespaces"}, slices.Concat(
			terminating,
			missing("namespace none does not exist and is not in the manifest", "create it first ('kubectl create namespace none')"),
			denied("no permission to patch namespaces"))},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{namespaces: here, denies: notAdmin(test.denies...)}
			subject := server.subject(t)
			subject.Namespaces, subject.Creates = test.namespaces, map[string]map[string]string{}
			for _, name := range test.creates {
				subject.Creates[name] = nil
			}
			results := only(t, "namespaces", subject)
			if !reflect.DeepEqual(results, test.want) {
				t.Errorf("the results are\n%+v, want\n%+v", results, test.want)
			}
		})
	}
}

func TestNamespacesUnanswered(t *testing.T) {
	subject := (&apiServer{namespaces: map[string]string{"mesh": "broken"}}).subject(t)
	subject.Namespaces = []string{"mesh"}
	results, err := Run(t.Context(), subject)
	if err == nil || results != nil || err.Error() != "cannot read namespace mesh: the server said no" {
		t.Errorf("the results are %+v, the error %v", results, err)
	}
}
