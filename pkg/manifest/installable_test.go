package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

func TestInstallable(t *testing.T) {
	many := []string{"v1 ConfigMap a"}
	for i := range 12 {
		many = append(many, "v1 Secret s"+string(rune('a'+i))+" test")
	}
	for _, test := range []struct {
		name     string
		objects  []string
		applied  string
		warnings []string
	}{
		{"no hooks", []string{"v1 ConfigMap a"}, "a", nil},
		{"of an install", []string{"v1 ConfigMap a post-install", "v1 ConfigMap b pre-install", "v1 ConfigMap c crd-install"}, "a b c", nil},
		{"of a deletion", []string{"v1 ConfigMap a", "batch/v1 Job cleanup post-delete"}, "a", []string{"not applied: 1 object that Helm runs only on deletion: job cleanup"}},
		{"of several occasions", []string{"batch/v1 Job a post-delete", "v1 Pod b test", "v1 Secret c pre-delete", "v1 Secret d test,post-rollback"}, "", []string{
			"not applied: 2 objects that Helm runs only on deletion: job a, secret c",
			"not applied: 1 object that Helm runs only on test: pod b",
			"not applied: 1 object that Helm runs only on test or rollback: secret d",
		}},
		{"many", many, "a", []string{"not applied: 12 objects that Helm runs only on test: secret sa, secret sb, secret sc, secret sd, secret se, secret sf, secret sg, secret sh, secret si, secret sj and 2 more"}},
		{"of a mistake", []string{"v1 ConfigMap a post-instal"}, "a", []string{`demo.yaml, document 1 (line 2): configmap a: unknown Helm hook "post-instal"; applied like an object without it`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			given := manifest.Manifest{What: "it", Objects: fixture.Hooked(t, test.objects...), Warnings: []string{"before"}}
			got := given.Installable()
			var names []string
			for _, object := range got.Objects {
				names = append(names, object.GetName())
			}
			if strings.Join(names, " ") != test.applied || len(got.Objects)+len(got.Withheld) != len(test.objects) || got.What != "it" {
				t.Errorf("applied are %v of %+v", names, got)
			}
			if want := append([]string{"before"}, test.warnings...); !slices.Equal(got.Warnings, want) {
				t.Errorf("the warnings are\n%s, want\n%s", strings.Join(got.Warnings, "\n"), strings.Join(want, "\n"))
			}
			if len(given.Objects) != len(test.objects) || len(given.Warnings) != 1 {
				t.Errorf("what was given is changed: %+v", given)
			}
		})
	}
}
