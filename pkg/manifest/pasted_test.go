package manifest

import (
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestImageReferences has images be what a script would run.
func TestImageReferences(t *testing.T) {
	images := map[string]bool{
		"busybox": true, "docker.io/istio/proxyv2:1.0.9": true, "localhost:5000/a/b_c:V1-x@sha256:" + strings.Repeat("0", 64): true, "[::1]:5000/a": true,
		"{{ .Values.image }}": false, " a": false, "a ": false, "-a": false, "[a]": false,
	}
	for _, name := range pasted.Names {
		images[name] = false
	}
	for image, good := range images {
		containers := []any{map[string]any{"image": image}}
		pod := Object{Unstructured: &unstructured.Unstructured{Object: map[string]any{"kind": "Pod", "spec": map[string]any{"containers": containers}}}}
		for _, read := range []Manifest{{Objects: []Object{pod}}, {Injected: []string{image}}} {
			err := read.CheckImages()
			var input *InputError
			if good != (err == nil) || err != nil && !errors.As(err, &input) {
				t.Errorf("%q: %v", image, err)
			}
		}
	}
}
