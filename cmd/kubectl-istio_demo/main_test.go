package main

import (
	"slices"
	"strings"
	"testing"
)

// TestCommandLine calls the program by its names.
func TestCommandLine(t *testing.T) {
	for _, test := range []struct{ argv, want string }{
		{"kubectl-istio_demo", ""},
		{"kubectl-istio_demo pods -n mesh", "pods -n mesh"},
		{"/usr/bin/kubectl-istio_demo.exe pods", "pods"},
		{"kubectl-istio_demo __complete pods", "__complete pods"},
		{"kubectl_complete-istio_demo pods -o", "__complete pods -o"},
		{"/home/me/.krew/bin/kubectl_complete-istio_demo i", "__complete i"},
		{"bin/kubectl_complete-istio_demo.exe i", "__complete i"},
		{"kubectl_complete-istio_demo", "__complete"},
		{"/kubectl_complete-/kubectl-istio_demo i", "i"},
		{"kubectl_complete i", "i"},
	} {
		if got := commandLine(strings.Fields(test.argv)); !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%q is run with %q", test.argv, got)
		}
	}
	if got := commandLine(nil); len(got) != 0 {
		t.Errorf("nothing is run with %q", got)
	}
	// An empty word is one that is to be completed.
	if got := commandLine([]string{"kubectl_complete-istio_demo", "pods", ""}); len(got) != 3 || got[2] != "" {
		t.Errorf("the empty word is lost: %q", got)
	}
}
