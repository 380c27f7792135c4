package pasted

import (
	"slices"
	"testing"
)

func TestIn(t *testing.T) {
	const message = "a; run 'kubectl delete pod b' first, or 'helm uninstall c': kubectl get pods -n d"
	want := []string{"kubectl delete pod b", "helm uninstall c", "kubectl get pods -n d"}
	if got := In(message); !slices.Equal(got, want) {
		t.Errorf("the commands are %q", got)
	}
}
