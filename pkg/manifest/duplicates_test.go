package manifest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

const (
	again   = " is already defined in demo.yaml, document 1 (line 2)"
	same    = " in the same words; it is applied once"
	keepOne = "; keep one of them, or use the last one with --strict=false"
)

func TestPlaceTwice(t *testing.T) {
	for _, test := range []struct {
		name, first, second string
		// placed are the objects, with what is in their data; warning and err are
		// parts of a line.
		lastWins     bool
		placed       string
		warning, err string
	}{
		{"in the same words", "v1 ConfigMap a {x: '1'}", "v1 ConfigMap a {x: '1'}", false, "configmap mesh/a map[x:1]", "configmap mesh/a" + again + same, ""},
		{"in the same words, once by default", "v1 ConfigMap mesh/a {}", "v1 ConfigMap a {}", false, "configmap mesh/a map[]", "configmap mesh/a" + again + same, ""},
		{"cluster-scoped, with a namespace", "demo/v1 ClusterRole a {}", "demo/v1 ClusterRole other/a {}", false, "clusterrole a map[]", "clusterrole a" + again + same, ""},
		{"a namespace", "v1 Namespace a {}", "v1 Namespace a {}", false, "namespace a map[]", "namespace a" + again + same, ""},
		{"different", "v1 ConfigMap a {x: '1', w: '2'}", "v1 ConfigMap a {x: '2', z: '3'}", false, "", "", "configmap mesh/a" + again + " and differs in data.w, data.x, data.z" + keepOne},
		{"different in many", "v1 ConfigMap a {b: '', c: '', d: '', e: '', f: ''}", "v1 ConfigMap a {}", false, "", "", "configmap mesh/a" + again + " and differs in data.b, data.c, data.d and 2 more fields" + keepOne},
		{"of other versions", "apps/v1 Deployment a {}", "apps/v1beta1 Deployment a {}", false, "", "", "deployment mesh/a" + again + " and differs in apiVersion" + keepOne},
		{"different, and the last wins", "v1 Secret a {x: a}", "v1 Secret a {x: b}", true, "secret mesh/a map[x:b]", "secret mesh/a" + again + " and differs in data.x; the last one wins", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			placed, warnings, err := manifest.Place(withData(t, test.first, test.second), scopeOf, manifest.Namespace{Name: "mesh"}, test.lastWins)
			var got []string
			for _, object := range placed {
				got = append(got, fmt.Sprint(manifest.Ref(object.Unstructured), " ", object.Object["data"]))
			}
			if strings.Join(got, ", ") != test.placed {
				t.Errorf("placed are %v, want %s", got, test.placed)
			}
			if told := strings.Join(warnings, "\n"); told != located(test.warning) {
				t.Errorf("the warning is\n%s, want\n%s", told, located(test.warning))
			}
			if (err != nil) != (test.err != "") || err != nil && err.Error() != located(test.err) {
				t.Errorf("the error is\n%v, want\n%s", err, located(test.err))
			}
		})
	}
}

// located puts the place of the second object in front.
func located(text string) string {
	if text == "" {
		return ""
	}
	return "demo.yaml, document 2 (line 7): " + text
}

// withData reads objects from lines "apiVersion Kind namespace/name {data}".
func withData(t *testing.T, lines ...string) []manifest.Object {
	t.Helper()
	var text strings.Builder
	for _, line := range lines {
		fields := strings.SplitN(line, " ", 4)
		namespace, name, found := strings.Cut(fields[2], "/")
		if !found {
			namespace, name = "", fields[2]
		}
		fmt.Fprintf(&text, "---\napiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: %q}\ndata: %s\n", fields[0], fields[1], name, namespace, fields[3])
	}
	content, err := decode.Decode("demo.yaml", []byte(text.String()), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range content.Objects {
		object.SetNamespace(object.GetNamespace()) // none instead of an empty one
	}
	return content.Objects
}

// TestPlaceThrice has an object three times, and a file twice.
func TestPlaceThrice(t *testing.T) {
	placed, warnings, err := manifest.Place(withData(t, "v1 Secret a {x: a}", "v1 Secret a {x: b}", "v1 Secret a {x: b}"), scopeOf, manifest.Namespace{Name: "mesh"}, true)
	if err != nil || len(placed) != 1 || len(warnings) != 2 || placed[0].Source.Document != 3 {
		t.Errorf("placed are %v with %q, %v", placed, warnings, err)
	}
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("v1 ConfigMap c%d {}", i))
	}
	placed, warnings, err = manifest.Place(withData(t, slices.Concat(lines, lines)...), scopeOf, manifest.Namespace{Name: "mesh"}, false)
	if err != nil || len(placed) != 20 || len(warnings) != 6 || warnings[5] != "15 more objects are defined twice; each is applied once" {
		t.Errorf("placed are %d with\n%s\n%v", len(placed), strings.Join(warnings, "\n"), err)
	}
}
