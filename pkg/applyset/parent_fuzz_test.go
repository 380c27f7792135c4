package applyset

import (
	"errors"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FuzzParse reads a parent that anybody may have changed. What is read is
// written as it was, so that an install that changes nothing writes nothing.
func FuzzParse(f *testing.F) {
	f.Add("istio-system", tooling, "Deployment.apps,ConfigMap", "default,mesh", "Istio 1.31.0 demo", true)
	f.Add("istio-system", ToolName, "ConfigMap,ConfigMap,,", ",,a,a,", "", true)
	f.Add("mesh", "kubectl/v1", "Secret", "", "", false)
	f.Add("mesh", "", "", "", "", true)
	f.Add("", tooling, ".,a.,.b, C ,a.b.c", " ,\n,../..,\x1b[2J", "a\nb\x1b", true)
	f.Add("mesh", tooling, "C .,a. b ,. c", "", "", true)
	f.Add("mesh", tooling, "\xff.\xff,\u202e", "\xff", "\xff", true)
	f.Fuzz(func(t *testing.T, namespace, owner, kinds, namespaces, source string, labelled bool) {
		object := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Name:        ParentName,
				Namespace:   namespace,
				Annotations: map[string]string{ToolingAnnotation: owner, kindsAnnotation: kinds, namespacesAnnotation: namespaces},
			},
			Data: map[string]string{sourceKey: source},
		}
		if labelled {
			object.Labels = map[string]string{IDLabel: ID(ParentName, namespace)}
		}
		set, err := parse(object)
		var foreign *ForeignError
		if err != nil {
			if !errors.As(err, &foreign) || !reflect.DeepEqual(set, Record{}) {
				t.Errorf("%+v, %v", set, err)
			}
			return
		}
		parent := &Parent{Name: ParentName, Namespace: namespace}
		again, err := parse(parent.object(set))
		if err != nil || !equal(set, again) {
			t.Errorf("%+v is read as %+v: %v", set, again, err)
		}
		if both := set.Union(again); !equal(both, set) {
			t.Errorf("with itself, %+v becomes %+v", set, both)
		}
	})
}
