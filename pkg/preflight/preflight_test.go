package preflight

import (
	"slices"
	"testing"
)

// TestRun gives a result of every check, in the order of their names,
// whichever is done first.
func TestRun(t *testing.T) {
	names := []string{"version", "permissions", "namespaces", "architectures", "capacity", "webhooks", "loadbalancer", "dns", "telemetry", "size"}
	if got := Names(); !slices.Equal(got, names) {
		t.Fatalf("the names are %q", got)
	}
	subject := (&apiServer{denies: notAdmin("get configmaps")}).subject(t)
	subject.Uses, subject.Namespaces = []Use{use("configmaps", "mesh")}, []string{"mesh"}
	results, err := Run(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Verdict{"permissions": Fail, "namespaces": Fail, "dns": Unknown}
	var got []string
	for _, result := range results {
		got = append(got, result.Name)
		if verdict := want[result.Name]; result.Verdict != verdict && (verdict != "" || result.Verdict != Pass) {
			t.Errorf("the result is %+v", result)
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("the results are of %q", got)
	}
}

// TestSkip runs none of the checks that are skipped.
func TestSkip(t *testing.T) {
	server := &apiServer{broken: true, namespaces: map[string]string{"mesh": "broken"}}
	subject := server.subject(t)
	subject.Namespaces = []string{"mesh"}
	subject.Skip = map[string]bool{"permissions": true, "namespaces": true}
	results, err := Run(t.Context(), subject)
	if err != nil || len(results) != len(Names())-2 {
		t.Errorf("the results are %+v, %v", results, err)
	}
	if len(server.asked) > 0 || len(server.looked) > 0 {
		t.Errorf("asked for %q, looked at %q", server.asked, server.looked)
	}
}
