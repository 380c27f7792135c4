package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"

	goyaml "go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// seeds are streams that are read, and streams that are not.
var seeds = []string{
	"", "---\n", "# nothing\n", "null\n", "\ufeff", "...\n---\n", "%YAML 1.1\n---\na: 1\n",
	configMap("a"), configMap("a") + "---\n" + configMap("b"), configMap("a") + "--- " + configMapJSON("b") + "\n",
	configMap("a") + "...\n" + configMap("b"), strings.ReplaceAll(configMap("a"), "\n", "\r\n"), strings.ReplaceAll(configMap("a"), "\n", "\r"),
	configMapJSON("a"), configMapJSON("a") + configMapJSON("b"), "# generated\n" + configMapJSON("a"), "[" + configMapJSON("a") + "]",
	listOf(), listOf(configMapJSON("a"), listOf(configMapJSON("b"))), listOf("null", "1"), `{"apiVersion":"v1","kind":"ConfigMapList","items":[{"metadata":{"name":"a"}}]}`,
	"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: |\n    ---\n    x\n  b: \"x\n    y\"\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: 1}}\n", "apiVersion: v1\nkind: List\nitems: {}\n",
	"#\r" + configMap("a"), "# a\u2028" + configMap("a"), configMap("a") + "\u2029---\n" + configMap("b"), configMap("a") + "# \u0085---\u0085" + configMap("b"),
	"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "a: *gone\n", "a: !!binary x\n", "a: !!float x\n", "? [a]\n: b\n", "<<: a\n", "1: a\n", "a: 1e999\n", "a: .nan\n",
	configMap("a") + configMap("b"), configMap("a") + "data: {a: b}\n", configMap("a") + "kind: Secret\n", listOf(`{"kind":"A","kind":"B","metadata":{"a":1,"a":[{"b":1,"b":2}]}}`),
	"{kind: A, kind: B, kind: C}\n", "a: &a {b: 1}\n<<: *a\nb: 2\n", "yes: a\ntrue: b\n", "? &a x\n: 1\n*a : 2\n", "a: 1\na: 2\u0085b: 3\n", "kind: |\n  a\n  b\nkind: c\nkind: d\n",
	"kind: |\n  A\n", "apiVersion: v1\nkind: A\nmetadata:\n  name: |\n    a\n", `{"kind":`, `{"kind":"A","apiVersion":"a/b/c","metadata":{"name":".."}}`, "\"a\" \"b\"", "{a: b} {c: d}", "a: b: c", "\ta: b", "a\x00b", "\xff\xfe", utf16LE(configMap("a") + "---\r\n" + configMap("b")), "\xfe\xff\x00\xfd\r\xfc\xfc",
	`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","creationTimestamp":5},"data":1.5,"x":18446744073709551616}`,
}

// place is how an error begins: the file, and the document and the line.
var place = regexp.MustCompile(`^demo\.yaml, document [1-9]\d*( \(line [1-9]\d*\))?: [^\n]+$`)

// FuzzDecode reads anything, and either says in one line where it is wrong or
// gives objects that can be sent.
func FuzzDecode(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, strict := range []bool{true, false} {
			content, err := Decode("demo.yaml", data, strict)
			if err != nil {
				if !place.MatchString(err.Error()) {
					t.Errorf("the error is %q", err)
				}
				continue
			}
			sendable(t, data, content.Objects)
		}
	})
}

// sendable holds objects to what FuzzDecode promises.
func sendable(t *testing.T, data []byte, objects []manifest.Object) {
	t.Helper()
	most := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) + 1
	for _, object := range objects {
		if object.GetKind() == "" || object.GetAPIVersion() == "" || object.GetName() == "" {
			t.Errorf("%v has no kind, apiVersion or name", object.Object)
		}
		if line := object.Source.Line; line < 1 || line > most || object.Source.Document < 1 {
			t.Errorf("%s stands in line %d of %d, document %d", object.GetName(), line, most, object.Source.Document)
		}
		sent, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var received unstructured.Unstructured
		if err := received.UnmarshalJSON(sent); err != nil || !reflect.DeepEqual(received.Object, object.Object) {
			t.Errorf("%v is received as %v: %v", object.Object, received.Object, err)
		}
	}
}

// FuzzDecodeTwo puts two streams behind each other: what is in each of them is
// in both.
func FuzzDecodeTwo(f *testing.F) {
	for i, seed := range seeds {
		f.Add([]byte(seed), []byte(seeds[(i+7)%len(seeds)]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		a, errA := Decode("demo.yaml", first, false)
		b, errB := Decode("demo.yaml", second, false)
		if errA != nil || errB != nil || isUTF16(first) || isUTF16(second) {
			return
		}
		second = bytes.TrimPrefix(second, []byte("\ufeff"))
		both, err := Decode("demo.yaml", bytes.Join([][]byte{first, second}, []byte("\n---\n")), false)
		if err != nil || len(both.Objects) != len(a.Objects)+len(b.Objects) {
			t.Errorf("%d and %d objects become %d: %v", len(a.Objects), len(b.Objects), len(both.Objects), err)
		}
	})
}

// dashes are a separator here, as they look like one, and a text to the parser.
var dashes = regexp.MustCompile(`(^|[\n\r\x{85}\x{2028}\x{2029}])---#`)

// FuzzSplit compares with the YAML parser, which finds the documents of a
// stream by itself.
func FuzzSplit(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// As split does, and kubectl.
		switch {
		case bytes.HasPrefix(data, []byte("\xff\xfe")):
			data = append(bytes.Clone(data), "\n\x00"...)
		case isUTF16(data):
			data = append(bytes.Clone(data), "\x00\n"...)
		case !bytes.HasSuffix(data, []byte("\n")):
			data = append(bytes.Clone(data), '\n')
		}
		want, err := documents(data)
		text := inUTF8(data)
		// One mark is enough for a file, and a second one is nothing but odd.
		if err != nil || dashes.Match(text) || bytes.ContainsRune(text, '\ufeff') {
			return
		}
		var got []any
		for _, document := range split(data) {
			values, err := documents(document.text)
			if err != nil {
				return // told to the user
			}
			got = append(got, values...)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) { // NaN is not equal to itself
			t.Errorf("the documents are %v, want %v", got, want)
		}
	})
}

func isUTF16(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff"))
}

// documents gives the values of a YAML stream that say anything.
func documents(stream []byte) ([]any, error) {
	decoder := goyaml.NewDecoder(bytes.NewReader(stream))
	var all []any
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if value != nil {
			all = append(all, value)
		}
	}
}
