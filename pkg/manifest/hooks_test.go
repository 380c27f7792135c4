package manifest

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestHookOf(t *testing.T) {
	for _, test := range []struct {
		annotation, weight string
		want               Hook
	}{
		{"", "", Hook{}},
		{"", "3", Hook{}},
		{" , ", "", Hook{}},
		{"crd-install", "-5", Hook{}},
		{"post-install", "", Hook{Phase: AfterRest}},
		{"post-install", "-5", Hook{Phase: AfterRest, Weight: -5}},
		{"post-install", "heavy", Hook{Phase: AfterRest}},
		{" Post-Upgrade ,post-install", "2", Hook{Phase: AfterRest, Weight: 2}},
		{"pre-install", "1", Hook{Phase: BeforeRest, Weight: 1}},
		{"pre-upgrade", "", Hook{Phase: BeforeRest}},
		{"pre-upgrade,post-install", "", Hook{Phase: AfterRest}},
		{"post-install,pre-install", "", Hook{Phase: BeforeRest}},
		{"post-delete", "3", Hook{Phase: NotInstalled, Occasions: []string{"deletion"}}},
		{"pre-delete,post-delete", "", Hook{Phase: NotInstalled, Occasions: []string{"deletion"}}},
		{"pre-rollback, post-rollback,pre-delete", "", Hook{Phase: NotInstalled, Occasions: []string{"rollback", "deletion"}}},
		{"test", "", Hook{Phase: NotInstalled, Occasions: []string{"test"}}},
		{"test-success,test-failure", "", Hook{Phase: NotInstalled, Occasions: []string{"test"}}},
		{"post-install,post-delete", "", Hook{Phase: AfterRest}},
		{"post-instal", "4", Hook{Unknown: []string{"post-instal"}}},
		{"post-delete,never", "", Hook{Unknown: []string{"never"}}},
		{"post-install,never", "", Hook{Phase: AfterRest, Unknown: []string{"never"}}},
	} {
		object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "batch/v1", "kind": "Job"}}
		annotations := map[string]string{weightAnnotation: test.weight}
		if test.annotation != "" {
			annotations[hookAnnotation] = test.annotation
		}
		object.SetAnnotations(annotations)
		if got := HookOf(object); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q with weight %q is %+v, want %+v", test.annotation, test.weight, got, test.want)
		}
	}
}

// TestHookOfDefinitions has what other objects live in come first all the same.
func TestHookOfDefinitions(t *testing.T) {
	for _, kind := range [][2]string{{"v1", "Namespace"}, {"apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"}} {
		for annotation, want := range map[string]Phase{"post-install": WithRest, "pre-install": WithRest, "post-delete": NotInstalled} {
			object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": kind[0], "kind": kind[1]}}
			object.SetAnnotations(map[string]string{hookAnnotation: annotation, weightAnnotation: "3"})
			if got := HookOf(object); got.Phase != want || got.Weight != 0 {
				t.Errorf("a %s of %s is %+v, want phase %d", kind[1], annotation, got, want)
			}
		}
	}
}
