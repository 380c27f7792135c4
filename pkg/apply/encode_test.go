package apply

import (
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// TestEncode reads as the server does, as YAML.
func TestEncode(t *testing.T) {
	for _, text := range []string{
		"", "größer 日本 🚀", "a\tb\nc\r\n", "\x00\x1b[2J\x7f", "\u0080\u0085\u009f\u00a0", "a\u2028b\u2029c", "\ufeffbom\ufffd\ufffe\uffff", `\u0085"\`,
	} {
		object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"k" + strings.TrimSpace(text): text}}}
		body, err := encode(object)
		if err != nil {
			t.Fatal(err)
		}
		var read map[string]any
		if err := yaml.Unmarshal(body, &read); err != nil || !reflect.DeepEqual(read, object.Object) {
			t.Errorf("%q is sent as %s and read as %q: %v", text, body, read, err)
		}
	}
}
