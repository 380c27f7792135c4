package cluster

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestContainerNames reads objects, some of which no server would store.
func TestContainerNames(t *testing.T) {
	named := func(name string) any { return map[string]any{"name": name} }
	pod := map[string]any{"containers": []any{named("main"), named("side")}, "initContainers": []any{named("first")}}
	for _, test := range []struct {
		object map[string]any
		want   []string
	}{
		{map[string]any{"spec": pod}, []string{"main", "side", "first"}},
		{map[string]any{"spec": map[string]any{"template": map[string]any{"spec": pod}}}, []string{"main", "side", "first"}},
		{map[string]any{"spec": map[string]any{"ports": []any{}}}, nil},
		{map[string]any{"spec": map[string]any{"containers": []any{"main", map[string]any{"name": int64(1)}, named("ok")}}}, []string{"ok"}},
		{map[string]any{"spec": map[string]any{"containers": "main"}}, nil},
		{map[string]any{"spec": "main"}, nil},
		{nil, nil},
	} {
		if got := containerNames(&unstructured.Unstructured{Object: test.object}); !slices.Equal(got, test.want) {
			t.Errorf("%v has the containers %q, want %q", test.object, got, test.want)
		}
	}
}
