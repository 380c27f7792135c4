package apiupgrade

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// BenchmarkUpgrade upgrades one object after the other of those in testdata.
func BenchmarkUpgrade(b *testing.B) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		b.Fatal(files, err)
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		objects = append(objects, fixture.Objects(b, string(data))...)
	}
	served := today(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, _, err := Upgrade(objects[n%len(objects)], served); err != nil {
			b.Fatal(err)
		}
	}
}
