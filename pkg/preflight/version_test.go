package preflight

import (
	"slices"
	"testing"
)

func TestVersion(t *testing.T) {
	for _, test := range []struct {
		name, oldest, server, want string
	}{
		{"nobody knows", "", "v1.20.0", "pass: the manifest has no minimum Kubernetes version"},
		{"newer", "1.32", "v1.37.2", "pass: the cluster runs Kubernetes v1.37.2; 1.32 or newer is required"},
		{"just right", "1.32", "v1.32.0", "pass: the cluster runs Kubernetes v1.32.0; 1.32 or newer is required"},
		{"a vendor's", "1.32", "v1.32.3-eks-4096722", "pass: the cluster runs Kubernetes v1.32.3-eks-4096722; 1.32 or newer is required"},
		{"a vendor's with a plus", "1.32", "v1.33.1+k3s1", "pass: the cluster runs Kubernetes v1.33.1+k3s1; 1.32 or newer is required"},
		{"older", "1.32", "v1.31.9", "fail: the cluster runs Kubernetes v1.31.9, but 1.32 or newer is required"},
		{"older, with two digits less", "1.32", "v1.9.11", "fail: the cluster runs Kubernetes v1.9.11, but 1.32 or newer is required"},
		{"no version", "1.32", "main", `unknown: not checked: cannot parse version "main"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{answers: map[string]any{"/version": map[string]string{"gitVersion": test.server}}}
			subject := server.subject(t)
			subject.MinimumVersion = test.oldest
			if got := verdicts(only(t, "version", subject)); !slices.Equal(got, []string{test.want}) {
				t.Errorf("the results are %q", got)
			}
			if asked := len(server.requests) > 0; asked != (test.oldest != "") {
				t.Errorf("the requests are %q", server.requests)
			}
		})
	}
}

func TestVersionUnanswered(t *testing.T) {
	subject := (&apiServer{answers: map[string]any{"/version": 500}}).subject(t)
	subject.MinimumVersion = "1.32"
	if results, err := Run(t.Context(), subject); err == nil || results != nil {
		t.Errorf("the results are %+v, the error %v", results, err)
	}
}
