package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// configMap is the smallest manifest of one object, five lines long.
func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata: {}\n"
}

func configMapJSON(name string) string {
	return `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "` + name + `"}}`
}

func listOf(items ...string) string {
	return `{"apiVersion": "v1", "kind": "List", "items": [` + strings.Join(items, ", ") + `]}`
}

// utf16LE writes as Windows PowerShell does.
func utf16LE(text string) string {
	data := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(text)) {
		data = binary.LittleEndian.AppendUint16(data, unit)
	}
	return string(data)
}

// told gives "configmap a at 2:7" for each object: its document and line.
func told(objects []manifest.Object) []string {
	var all []string
	for _, object := range objects {
		all = append(all, fmt.Sprintf("%s at %d:%d", manifest.Ref(object.Unstructured), object.Source.Document, object.Source.Line))
	}
	return all
}

func TestDecode(t *testing.T) {
	twoInOneList := listOf(configMapJSON("a"), configMapJSON("b"))
	for _, test := range []struct {
		name, data string
		want       []string
	}{
		{"nothing", "", nil},
		{"comments only", "# licence\n---\n# nothing\n", nil},
		{"yaml", configMap("a") + "---\n" + configMap("b"), []string{"configmap a at 1:1", "configmap b at 2:7"}},
		{"empty documents are not counted", "---\n---\n# nothing\n---\n" + configMap("a"), []string{"configmap a at 1:5"}},
		{"comments above the content", "# licence\n\n" + configMap("a"), []string{"configmap a at 1:3"}},
		{"separator with a comment", configMap("a") + "--- # Source: b.yaml\n" + configMap("b"), []string{"configmap a at 1:1", "configmap b at 2:7"}},
		{"windows line ends", strings.ReplaceAll(configMap("a")+"---\n"+configMap("b"), "\n", "\r\n"), []string{"configmap a at 1:1", "configmap b at 2:7"}},
		{"utf-16", utf16LE(strings.ReplaceAll(configMap("a")+"---\n"+configMap("b"), "\n", "\r\n")), []string{"configmap a at 1:1", "configmap b at 2:7"}},
		{"json in utf-16", utf16LE(configMapJSON("a") + "\n" + configMapJSON("b")), []string{"configmap a at 1:1", "configmap b at 2:2"}},
		{"utf-16 the other way round", "\xfe\xff\x00#\x00\n", nil},
		{"byte order mark", "\ufeff" + configMap("a"), []string{"configmap a at 1:1"}},
		{"namespace", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: mesh}\n", []string{"deployment mesh/a at 1:1"}},
		{"json", configMapJSON("a"), []string{"configmap a at 1:1"}},
		{"json stream", configMapJSON("a") + configMapJSON("b") + "\n\n" + configMapJSON("c") + "\n", []string{"configmap a at 1:1", "configmap b at 2:1", "configmap c at 3:3"}},
		{"json behind space", "\n \n" + configMapJSON("a"), []string{"configmap a at 1:3"}},
		{"json in a yaml document", "# generated\n" + configMapJSON("a"), []string{"configmap a at 1:2"}},
		{"list", twoInOneList, []string{"configmap a at 1:1", "configmap b at 1:1"}},
		{"yaml list", configMap("x") + "---\napiVersion: v1\nkind: List\nitems:\n- " + configMapJSON("a") + "\n", []string{"configmap x at 1:1", "configmap a at 2:7"}},
		{"typed list", `{"apiVersion": "v1", "kind": "ConfigMapList", "items": [` + configMapJSON("a") + `]}`, []string{"configmap a at 1:1"}},
		{"nested lists", listOf(listOf(twoInOneList), configMapJSON("c")), []string{"configmap a at 1:1", "configmap b at 1:1", "configmap c at 1:1"}},
		{"typed list whose items name no kind", `{"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "a"}}]}`, []string{"configmap a at 1:1"}},
		{"null", "null\n---\n" + configMap("a"), []string{"configmap a at 2:3"}},
		{"empty list", listOf(), nil},
		{"list of null", "apiVersion: v1\nkind: List\nitems: null\n", nil},
		{"list without items", "apiVersion: v1\nkind: List\nmetadata: {}\n", nil},
		{"typed list of null", "apiVersion: v1\nkind: ConfigMapList\nmetadata: {}\nitems:\n", nil},
		{"no list, whatever its kind", "apiVersion: demo/v1\nkind: AllowList\nmetadata: {name: a}\nitems: null\n", []string{"allowlist a at 1:1"}},
		{"items of a kind that is no list", `{"apiVersion": "demo/v1", "kind": "Basket", "metadata": {"name": "a"}, "items": [1]}`, []string{"basket a at 1:1"}},

		// As kubectl reads them (k8s.io/apimachinery/pkg/util/yaml).
		{"json documents with separators", configMapJSON("a") + "\n---\n" + configMapJSON("b"), []string{"configmap a at 1:1", "configmap b at 2:3"}},
		{"yaml that begins with a brace", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", []string{"configmap a at 1:1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := Decode("demo.yaml", []byte(test.data), true)
			objects := content.Objects
			if err != nil {
				t.Fatal(err)
			}
			if got := told(objects); !slices.Equal(got, test.want) {
				t.Errorf("the objects are %q, want %q", got, test.want)
			}
			for _, object := range objects {
				if object.Source.File != "demo.yaml" || object.IfAbsent {
					t.Errorf("%s comes from %q, IfAbsent %t", manifest.Ref(object.Unstructured), object.Source.File, object.IfAbsent)
				}
			}
		})
	}
}

// TestDecodeLosesNothing reads what one document of YAML must not hold: a
// second one. An object that is passed over in silence would be missed late.
func TestDecodeLosesNothing(t *testing.T) {
	flow := "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
	for _, test := range []struct {
		name, data string
		// want is nil where an error is as good.
		want []string
	}{
		{"content behind a separator", configMap("a") + "--- " + configMapJSON("b") + "\n", []string{"configmap a at 1:1", "configmap b at 2:6"}},
		{"document end", configMap("a") + "...\n" + configMap("b"), []string{"configmap a at 1:1", "configmap b at 2:7"}},
		{"json stream behind a comment", "# generated\n" + configMapJSON("a") + "\n" + configMapJSON("b"), []string{"configmap a at 1:2", "configmap b at 2:3"}},
		{"json stream behind a byte order mark", "\ufeff" + configMapJSON("a") + "\n" + configMapJSON("b"), []string{"configmap a at 1:1", "configmap b at 2:2"}},
		{"json stream in the second document", configMap("a") + "---\n" + configMapJSON("b") + configMapJSON("c"), []string{"configmap a at 1:1", "configmap b at 2:7", "configmap c at 3:7"}},
		{"mappings in braces", flow + flow, nil},
		{"json that is almost valid", strings.Replace(configMapJSON("a"), "}}", ",}}", 1) + "\n" + configMapJSON("b"), nil},
		{"json after a mapping", flow + configMapJSON("b"), nil},
		{"line ends of old", strings.ReplaceAll(configMap("a")+"---\n# b\n"+configMap("b"), "\n", "\r"), []string{"configmap a at 1:1", "configmap b at 2:8"}},
		{"line ends of Unicode", configMap("a") + "x:\u2028---\n" + configMap("b"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := Decode("demo.yaml", []byte(test.data), true)
			objects := content.Objects
			if err == nil && len(objects) < 2 {
				t.Errorf("of two objects only %q are read, and no error is given", told(objects))
			}
			if got := told(objects); test.want != nil && !slices.Equal(got, test.want) {
				t.Errorf("the objects are %q, want %q, and the error is %v", got, test.want, err)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, test := range []struct{ name, data, want string }{
		{"yaml syntax", configMap("a") + "---\n# b\nkind: ConfigMap\ndata: [x\n", "demo.yaml, document 2 (line 9): not valid YAML: did not find expected ',' or ']'"},
		{"yaml syntax in the first line", "a: b: c\n", "demo.yaml, document 1 (line 1): not valid YAML: mapping values are not allowed in this context"},
		{"yaml without a line", "kind: x\ndata: *gone\n", "demo.yaml, document 1 (line 1): not valid YAML: unknown anchor referenced"},
		{"json syntax", configMapJSON("a") + "\n{\"kind\":\n}", "demo.yaml, document 2 (line 3): not valid JSON: invalid character '}' looking for beginning of value"},
		{"json that ends", configMapJSON("a") + "\n" + `{"kind"`, "demo.yaml, document 2 (line 2): not valid JSON: unexpected EOF"},
		{"json syntax in the second document", configMapJSON("a") + "\n---\n{\"kind\": \"x\"\n\"y\": 1}", "demo.yaml, document 2 (line 4): not valid JSON: invalid character '\"' after object key:value pair"},
		{"sequence", "- a\n", "demo.yaml, document 1 (line 1): not a Kubernetes object: expected a mapping, not an array"},
		{"text", configMap("a") + "---\nhello\n", "demo.yaml, document 2 (line 7): not a Kubernetes object: expected a mapping, not a string"},
		{"number for a name", strings.Replace(configMap("a"), "name: a", "name: 5", 1), "demo.yaml, document 1 (line 1): not a Kubernetes object: metadata.name must not be a number"},
		{"text for metadata", "kind: ConfigMap\nmetadata: a\n", "demo.yaml, document 1 (line 1): not a Kubernetes object: metadata must not be a string"},
		// YAML 1.1 takes "on" for true; the object must not land elsewhere.
		{"boolean for a namespace", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: on}\n", "demo.yaml, document 1 (line 1): not a Kubernetes object: metadata.namespace must not be a bool"},
		{"no kind", "apiVersion: v1\n", "demo.yaml, document 1 (line 1): the object has no kind; every object needs apiVersion, kind and metadata.name"},
		{"no apiVersion", "kind: ConfigMap\n", "demo.yaml, document 1 (line 1): configmap has no apiVersion; every object needs apiVersion, kind and metadata.name"},
		{"no name", "apiVersion: v1\nkind: ConfigMap\n", "demo.yaml, document 1 (line 1): configmap has no metadata.name"},
		{"generateName", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-}\n", "demo.yaml, document 1 (line 1): job has a generateName; applying needs a metadata.name"},
		{"in a list", "\n" + listOf(configMapJSON("a"), `{"apiVersion": "v1", "kind": "Secret"}`), "demo.yaml, document 1 (line 2): secret has no metadata.name"},
		{"null in a typed list", `{"apiVersion": "v1", "kind": "ConfigMapList", "items": [null]}`, "demo.yaml, document 1 (line 1): the object has no kind; every object needs apiVersion, kind and metadata.name"},
		{"item that is no object", listOf(configMapJSON("a"), "5"), "demo.yaml, document 1 (line 1): not a Kubernetes object: expected a mapping, not a number"},

		{"items that are no list", `{"apiVersion": "v1", "kind": "List", "items": "a"}`, "demo.yaml, document 1 (line 1): not a Kubernetes object: the items of list must be a list"},
		{"label that is a number", configMap("a") + "---\n# shop\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: shop, labels: {version: 1.10}}\n", "demo.yaml, document 2 (line 8): service shop/b: not a string: metadata.labels.version (number); put it in quotes"},
		{"label of an item", listOf(`{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b", "labels": {"canary": true}}}`), "demo.yaml, document 1 (line 1): service b: not a string: metadata.labels.canary (boolean); put it in quotes"},
		{"half of utf-16", utf16LE(configMap("a")) + "x", "demo.yaml, document 1 (line 1): not valid YAML: invalid leading UTF-8 octet"},
		{"utf-16 that is none", "\xfe\xff\x00a\xd8\x00", "demo.yaml, document 1 (line 1): not valid YAML: invalid leading UTF-8 octet"},
		{"kind of two lines", "kind: |\n  A\n", `demo.yaml, document 1 (line 1): invalid kind "A\n"`},
		{"name of two lines", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: |\n    a\n", `demo.yaml, document 1 (line 1): configmap: metadata.name "a\n" may not contain line breaks or control characters`},

		// Kubernetes tells the case of a field; encoding/json does not.
		{"apiversion", "apiversion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "demo.yaml, document 1 (line 1): configmap has no apiVersion; every object needs apiVersion, kind and metadata.name"},
		{"Metadata", "apiVersion: v1\nkind: ConfigMap\nMetadata: {name: a}\n", "demo.yaml, document 1 (line 1): configmap has no metadata.name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := Decode("demo.yaml", []byte(test.data), true)
			objects := content.Objects
			if err == nil {
				t.Fatalf("no error, but %q", told(objects))
			}
			if err.Error() != test.want {
				t.Errorf("the error is\n%s, want\n%s", err, test.want)
			}
			if objects != nil {
				t.Errorf("besides the error there are objects: %q", told(objects))
			}
		})
	}
}

// TestDecodeNumbers keeps integers exact: as floats, those above 2^53 would
// change, and the others would not compare with the server's.
func TestDecodeNumbers(t *testing.T) {
	for _, data := range []string{
		"apiVersion: v1\nkind: Widget\nmetadata: {name: a}\nspec: {size: 3, big: 9007199254740993, part: 0.5, text: '3'}\n",
		`{"apiVersion": "v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"size": 3, "big": 9007199254740993, "part": 0.5, "text": "3"}}`,
	} {
		content, err := Decode("demo.yaml", []byte(data), true)
		objects := content.Objects
		if err != nil {
			t.Fatal(err)
		}
		for field, want := range map[string]any{"size": int64(3), "big": int64(9007199254740993), "part": 0.5, "text": "3"} {
			got, _, _ := unstructured.NestedFieldNoCopy(objects[0].Object, "spec", field)
			if got != want {
				t.Errorf("%s is %T %v, want %T %v", field, got, got, want, want)
			}
		}
	}
}

func TestYAMLCause(t *testing.T) {
	for _, test := range []struct{ message, want string }{
		{"error converting YAML to JSON: yaml: line 2: found a tab", "line 2: found a tab"},
		{"yaml: unmarshal errors:\n  line 3: no\n  line 4: no", "unmarshal errors: line 3: no line 4: no"},
		{"error unmarshaling JSON: while decoding JSON: wrong", "wrong"},
		{"something else", "something else"},
	} {
		if got := Cause(errors.New(test.message)); got != test.want {
			t.Errorf("the cause of %q is %q, want %q", test.message, got, test.want)
		}
	}
}

func TestSourceString(t *testing.T) {
	for _, test := range []struct {
		source manifest.Source
		want   string
	}{
		{manifest.Source{File: "--namespace"}, "--namespace"},
		{manifest.Source{File: "chart base", Document: 2}, "chart base, document 2"},
		{manifest.Source{File: "demo.yaml", Document: 3, Line: 120}, "demo.yaml, document 3 (line 120)"},
	} {
		if got := test.source.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
