package apiupgrade

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// FuzzUpgrade looks for objects that break an upgrade, that it changes, or
// that need another one.
func FuzzUpgrade(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, object := range fixture.Objects(f, string(data)) {
			text, err := yaml.Marshal(object.Object)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	served := today(f)
	f.Fuzz(func(t *testing.T, text string) {
		data, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			return
		}
		object := &unstructured.Unstructured{}
		if object.UnmarshalJSON(data) != nil {
			return
		}
		before := marshal(t, object)
		upgraded, change, err := Upgrade(object, served)
		if err != nil && (upgraded != object || change != nil) {
			t.Errorf("an error with an object: %v", err)
		}
		if after := marshal(t, object); after != before {
			t.Errorf("the object was\n%s\nand is\n%s", before, after)
		}
		if change == nil {
			return
		}
		if !served(upgraded.GroupVersionKind()) {
			t.Errorf("%s is not served", upgraded.GroupVersionKind())
		}
		if again, change, err := Upgrade(upgraded, served); again != upgraded || change != nil || err != nil {
			t.Errorf("there is still something to do: %v, %v", change, err)
		}
		// A cluster that serves nothing must not make the search endless.
		if again, change, _ := Upgrade(object, func(schema.GroupVersionKind) bool { return false }); again != object || change != nil {
			t.Errorf("upgraded to what is not served: %v", change)
		}
	})
}

func marshal(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	data, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
