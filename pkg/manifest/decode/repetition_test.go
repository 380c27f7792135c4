package decode

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const service = `# a service
apiVersion: v1
kind: Service
metadata: {name: pilot, namespace: mesh}
spec:
  type: ClusterIP
  ports: [{port: 1}]
  type: NodePort
  ports:
  - port: 2
    name: a
    name: b
`

// TestDecodeRepeated tells of each key that comes twice. That the last one
// counts is what kubectl does, which test/e2e compares with.
func TestDecodeRepeated(t *testing.T) {
	serviceWarnings := func(document, above int) []string {
		var all []string
		for _, one := range []struct {
			line int
			path string
		}{{8, "spec.type"}, {9, "spec.ports"}, {12, "spec.ports[0].name"}} {
			all = append(all, fmt.Sprintf("demo.yaml, document %d (line %d): service mesh/pilot: %s is set twice; the last one wins", document, one.line+above, one.path))
		}
		return all
	}
	inList := "apiVersion: v1\nkind: List\nitems:\n- kind: List\n  apiVersion: v1\n  items:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a}\n    data:\n      x: a\n      x: b\n"
	for _, test := range []struct {
		name, data string
		want       []string
	}{
		{"none", configMap("a"), nil},
		{"yaml", service, serviceWarnings(1, 0)},
		{"in the second document", configMap("a") + "---\n" + service, serviceWarnings(2, 6)},
		{"windows line ends", strings.ReplaceAll(configMap("a")+"---\n"+service, "\n", "\r\n"), serviceWarnings(2, 6)},
		{"three times", configMap("a") + "x: 1\nx: 2\nx: 3\n", []string{"demo.yaml, document 1 (line 7): configmap a: x is set 3 times; the last one wins"}},
		{"as a number and a text", configMap("a") + "x: {1: a, 2: b, 1: c}\n", []string{"demo.yaml, document 1 (line 6): configmap a: x.1 is set twice; the last one wins"}},
		{"json", "{\n\t\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\",\n\t\"metadata\": {\"name\": \"a\"},\n\t\"data\": {\n\t\t\"x\": \"1\",\n\t\t\"x\": \"2\"}}", []string{"demo.yaml, document 1 (line 6): configmap a: data.x is set twice; the last one wins"}},
		{"second value of json", configMapJSON("b") + "\n" + strings.Replace(configMapJSON("a"), `"kind"`, `"x": [{"y": 1, "y": 2}], "kind"`, 1), []string{"demo.yaml, document 2 (line 2): configmap a: x[0].y is set twice; the last one wins"}},
		{"in nested lists", inList, []string{"demo.yaml, document 1 (line 12): configmap a: data.x is set twice; the last one wins"}},
		{"of the list", "apiVersion: v1\nkind: List\nitems: []\nitems:\n- " + configMapJSON("a") + "\n", []string{"demo.yaml, document 1 (line 4): list: items is set twice; the last one wins"}},
		{"beside a merged key", configMap("a") + "x: &x {a: 1}\ny: {<<: *x, a: 2}\n", nil},
		{"behind an alias", configMap("a") + "x: &x {a: 1, a: 2}\ny: *x\nz: *x\n", []string{"demo.yaml, document 1 (line 6): configmap a: x.a is set twice; the last one wins"}},
		{"words for true", configMap("a") + "x:\n  yes: 1\n  true: 2\n", []string{"demo.yaml, document 1 (line 8): a mapping: true is set twice; the last one wins"}},
		{"the same name elsewhere", configMap("a") + "x: {kind: a, metadata: b}\ny: [{kind: a}, {kind: b}]\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := Decode("demo.yaml", []byte(test.data), true)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(content.Warnings, test.want) {
				t.Errorf("the warnings are\n%s, want\n%s", strings.Join(content.Warnings, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestDecodeLastCounts looks at what is kept, in YAML and in JSON. A struct
// would take the name from one and the namespace from the other.
func TestDecodeLastCounts(t *testing.T) {
	for _, data := range []string{
		configMap("a") + "metadata: {name: b, labels: {x: z}}\ndata: {x: '1'}\ndata: {z: '2'}\nsize: 9007199254740993\n",
		`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "mesh"}, "metadata": {"name": "b", "labels": {"x": "z"}}, "data": {"x": "1"}, "data": {"z": "2"}, "size": 9007199254740993}`,
	} {
		content, err := Decode("demo.yaml", []byte(data), false)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]any{"name": "b", "labels": map[string]any{"x": "z"}},
			"data":     map[string]any{"z": "2"}, "size": int64(9007199254740993),
		}
		if got := content.Objects[0].Object; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	_, err := Decode("demo.yaml", []byte(`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "metadata": {"namespace": "mesh"}}`), false)
	if want := "demo.yaml, document 1 (line 1): configmap has no metadata.name"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

// TestDecodeBoundsWarnings has a template that writes a key twice everywhere.
func TestDecodeBoundsWarnings(t *testing.T) {
	var same, others strings.Builder
	for i := range 50 {
		same.WriteString(configMap(fmt.Sprint("a", i)) + "x:\n- {y: 1, y: 2}\n---\n")
		fmt.Fprintf(&others, "k%d: 1\nk%d: 2\n", i, i)
	}
	for _, test := range []struct {
		name, data string
		lines      int
		last       string
	}{
		{"the same key", same.String(), 4, "demo.yaml: 47 more duplicate keys, up to line 399, such as x[].y; the last one of each wins"},
		{"other keys", configMap("a") + others.String(), 21, "demo.yaml: 30 more duplicate keys, up to line 105, such as k20, k21, k22, k23, k24; the last one of each wins"},
	} {
		content, err := Decode("demo.yaml", []byte(test.data), true)
		if err != nil {
			t.Fatal(err)
		}
		if got := content.Warnings; len(got) != test.lines || got[len(got)-1] != test.last {
			t.Errorf("%s: %d warnings:\n%s", test.name, len(got), strings.Join(got, "\n"))
		}
	}
}

const unseparatedTwo = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: {x: a, x: b}\n# the second\napiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n  namespace: mesh\n"

// What a document says that may have been two.
const (
	andLost    = "; the last one wins, and the first is lost: if they are two objects, separate them with ---"
	asIfSecond = " is set twice, as if a second object started here; add --- above it, keep one of them, or use the last one with --strict=false"
)

// unseparated are documents of two objects, as Istio 1.1 had one: strict is
// the error, and the others are what there is without it.
var unseparated = []struct {
	name, data, strict string
	objects            []string
	warnings           []string
}{
	{
		"two", configMap("x") + "---\n" + unseparatedTwo,
		"demo.yaml, document 2 (line 13): secret mesh/b starts here, in the same document as configmap a; separate them with --- above this line, or read them as two objects with --strict=false",
		[]string{"configmap x at 1:1", "configmap a at 2:7", "secret mesh/b at 2:13"},
		[]string{
			"demo.yaml, document 2 (line 13): secret mesh/b starts here, in the same document as configmap a; they are read as two objects, but kubectl would lose the first: separate them with ---",
			"demo.yaml, document 2 (line 11): configmap a: data.x is set twice; the last one wins",
		},
	},
	{
		"three, in another order", "kind: ConfigMap\nmetadata: {name: a}\napiVersion: v1\nmetadata: {name: b}\napiVersion: v1\nkind: ConfigMap\n" + configMap("c"),
		"demo.yaml, document 1 (line 4): configmap b starts here, in the same document as configmap a; separate them with --- above this line, or read them as two objects with --strict=false",
		[]string{"configmap a at 1:1", "configmap b at 1:4", "configmap c at 1:7"},
		[]string{
			"demo.yaml, document 1 (line 4): configmap b starts here, in the same document as configmap a; they are read as two objects, but kubectl would lose the first: separate them with ---",
			"demo.yaml, document 1 (line 7): configmap c starts here, in the same document as configmap b; they are read as two objects, but kubectl would lose the first: separate them with ---",
		},
	},
	{
		"a part without a name", configMap("a") + "apiVersion: v1\nkind: Secret\n",
		"demo.yaml, document 1 (line 6): secret a: apiVersion" + asIfSecond,
		[]string{"secret a at 1:1"},
		[]string{"demo.yaml, document 1 (line 6): secret a: apiVersion, kind are set twice" + andLost},
	},
	{
		"only the metadata", configMap("a") + "metadata: {name: b}\n",
		"demo.yaml, document 1 (line 6): configmap b: metadata" + asIfSecond,
		[]string{"configmap b at 1:1"},
		[]string{"demo.yaml, document 1 (line 6): configmap b: metadata is set twice" + andLost},
	},
	{
		"json", `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},` + "\n" + `"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}}`,
		"demo.yaml, document 1 (line 2): secret b: apiVersion" + asIfSecond,
		[]string{"secret b at 1:1"},
		[]string{"demo.yaml, document 1 (line 2): secret b: apiVersion, kind, metadata are set twice" + andLost},
	},
	{
		"an item without a dash", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  kind: Secret\n",
		"demo.yaml, document 1 (line 7): secret a: kind" + asIfSecond,
		[]string{"secret a at 1:1"},
		[]string{"demo.yaml, document 1 (line 7): secret a: kind is set twice" + andLost},
	},
	{
		"an anchor of the other", configMap("a") + "x: &x {a: b}\n" + configMap("b") + "y: *x\n",
		"demo.yaml, document 1 (line 7): configmap b: apiVersion" + asIfSecond,
		[]string{"configmap b at 1:1"},
		[]string{
			"demo.yaml, document 1 (line 7): configmap b: apiVersion, kind, metadata are set twice" + andLost,
			"demo.yaml, document 1 (line 11): configmap b: data is set twice; the last one wins",
		},
	},
	{
		"in braces", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n",
		"demo.yaml, document 1 (line 1): configmap b: apiVersion" + asIfSecond,
		[]string{"configmap b at 1:1"},
		[]string{"demo.yaml, document 1 (line 1): configmap b: apiVersion, kind, metadata are set twice" + andLost},
	},
}

func TestDecodeUnseparated(t *testing.T) {
	for _, test := range unseparated {
		t.Run(test.name, func(t *testing.T) {
			content, err := Decode("demo.yaml", []byte(test.data), true)
			if err == nil || err.Error() != test.strict || content.Objects != nil {
				t.Errorf("strictly, the error is\n%v, want\n%s", err, test.strict)
			}
			content, err = Decode("demo.yaml", []byte(test.data), false)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(content.Objects); !slices.Equal(got, test.objects) {
				t.Errorf("the objects are %q, want %q", got, test.objects)
			}
			if !slices.Equal(content.Warnings, test.warnings) {
				t.Errorf("the warnings are\n%s, want\n%s", strings.Join(content.Warnings, "\n"), strings.Join(test.warnings, "\n"))
			}
		})
	}
}

// TestDecodeUnseparatedContent looks into the parts.
func TestDecodeUnseparatedContent(t *testing.T) {
	content, err := Decode("demo.yaml", []byte(unseparatedTwo), false)
	if err != nil {
		t.Fatal(err)
	}
	if x, _, _ := unstructured.NestedString(content.Objects[0].Object, "data", "x"); x != "b" {
		t.Errorf("the first is %v", content.Objects[0].Object)
	}
	if _, mixed := content.Objects[1].Object["data"]; mixed {
		t.Errorf("the second has the first's data: %v", content.Objects[1].Object)
	}
}
