package cluster

import (
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

func TestWarnings(t *testing.T) {
	cluster := &Cluster{warnings: &warnings{}}
	warn := func(text string, names ...string) {
		for _, name := range names {
			ctx := apply.WithApplied(t.Context(), event.Object{Kind: "Deployment", Namespace: "mesh", Name: name})
			cluster.warnings.HandleWarningHeaderWithContext(ctx, miscWarning, "-", text)
		}
	}
	warn("three fields", "b", "c", "a", "c")
	warn("two\nfields", "b", "a")
	warn("one field", "a", "a")
	warn("ports[0].name is long", "a")
	warn("ports[1].name is long", "a", "b")
	warn("ports[0].name is short", "a")
	cluster.warnings.HandleWarningHeaderWithContext(t.Context(), miscWarning, "-", "all of it")
	cluster.warnings.HandleWarningHeaderWithContext(t.Context(), miscWarning, "-", "all of it")
	cluster.warnings.HandleWarningHeaderWithContext(t.Context(), miscWarning, "-", "")
	cluster.warnings.HandleWarningHeaderWithContext(t.Context(), 199, "-", "not of the API server")

	var told []string
	sink := func(e event.Event) { told = append(told, e.(event.Warning).Message) }
	cluster.TellWarnings(sink)
	cluster.TellWarnings(sink) // has been told
	want := []string{
		"the API server says: all of it",
		"deployment mesh/a: the API server says: one field",
		"deployment mesh/a and 1 more object: the API server says: ports[*].name is long",
		"deployment mesh/a: the API server says: ports[0].name is short",
		"deployment mesh/a and 2 more objects: the API server says: three fields",
		"deployment mesh/a and 1 more object: the API server says: two fields",
	}
	if !slices.Equal(told, want) {
		t.Errorf("%q, want %q", told, want)
	}
}
