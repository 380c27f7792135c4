package decode

import (
	"fmt"
	"strings"
	"testing"
)

// TestReadAhead numbers documents as if they were read one after the other, and
// tells what is wrong with the first of those that are.
func TestReadAhead(t *testing.T) {
	config := func(name string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
	}
	const twoInOne = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}} {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}` + "\n"
	content, err := Decode("many.yaml", []byte(config("a")+"---\n"+twoInOne+"---\n"+config("d")+"---\nnull\n---\n"+config("e")), true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, object := range content.Objects {
		got = append(got, fmt.Sprint(object.GetName(), object.Source.Document, "@", object.Source.Line))
	}
	if want := "a1@1 b2@5 c3@5 d4@7 e6@13"; strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", strings.Join(got, " "), want)
	}
	for _, test := range []struct{ text, want string }{
		{twoInOne + "---\nkind: [\n---\nkind: {\n", "many.yaml, document 3"},
		{config("a") + "---\nkind: ConfigMap\n---\n" + twoInOne + "---\nkind: [\n", "many.yaml, document 2"},
	} {
		if _, err := Decode("many.yaml", []byte(test.text), true); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
}
