package decode

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// scalars has one long text and so many aliases of it.
func scalars(length, aliases int) string {
	return configMap("a") + "data:\n  a: &a " + strings.Repeat("x", length) + "\n" + strings.Repeat("  b: *a\n", aliases)
}

// laughs nests aliases: each level has ten of the one before.
func laughs(levels int) string {
	text := configMap("a") + "x0: &x0 lol\n"
	for level := range levels {
		text += fmt.Sprintf("x%d: &x%[1]d [%s]\n", level+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d,", level), 10), ","))
	}
	return text
}

func TestExpansion(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"none", configMap("a"), ""},
		{"few", scalars(1000, 10), ""},
		{"what looks like some", configMap("a") + "data: {a: '&a *a', b: a && *b}\n", ""},
		{"merged", configMap("a") + "x: &x {a: 1}\ny: {<<: *x, b: 2}\n", ""},
		{"a text of a megabyte, 1500 times", scalars(1<<20, 1500), "demo.yaml, document 1 (line 71): " + ErrExpansion.Error()},
		{"of another document", configMap("a") + "---\n# b\n" + scalars(1<<20, 1500), "demo.yaml, document 2 (line 78): " + ErrExpansion.Error()},
		{"of several documents together", strings.Repeat("---\n"+scalars(1<<20, 30), 3), "demo.yaml, document 3 (line 88): " + ErrExpansion.Error()},
		{"nested", laughs(9), "demo.yaml, document 1 (line 12): " + ErrExpansion.Error()},
		{"nested and merged", strings.ReplaceAll(laughs(9), "lol", "{lol: lol}"), "demo.yaml, document 1 (line 12): " + ErrExpansion.Error()},
		{"as a key", configMap("a") + "? &a " + strings.Repeat("x", 1<<20) + "\n: 1\n" + strings.Repeat("- *a\n", 100), "demo.yaml, document 1 (line 7): not valid YAML: did not find expected key"},
		{"in JSON", `{"apiVersion": &a "` + strings.Repeat("x", 1<<20) + `", "b": [` + strings.Repeat("*a,", 100) + "]}", "demo.yaml, document 1 (line 1): " + ErrExpansion.Error()},
		{"within itself", configMap("a") + "x: &x [*x, *x]\n", "demo.yaml, document 1 (line 1): not valid YAML: anchor value contains itself"},
		{"of nothing", configMap("a") + "x: &y 1\nz: *x\n", "demo.yaml, document 1 (line 1): not valid YAML: unknown anchor referenced"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Decode("demo.yaml", []byte(test.text), false)
			runtime.ReadMemStats(&after)
			if got := fmt.Sprint(err); test.want != got && (test.want != "" || err != nil) {
				t.Errorf("the error is %.300s, want %s", got, test.want)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 100<<20 {
				t.Errorf("%d MiB were taken", taken>>20)
			}
		})
	}
}

// TestExpansionSize holds the sum against what is written out.
func TestExpansionSize(t *testing.T) {
	text := "a: &a [x, y]\nb: &b {c: *a}\nd: [*b, *b]\n"
	// *a is two texts in a list; *b is that and a key in a mapping.
	const a = 3*nodeSize + 2
	const b = a + 2*nodeSize + 1
	got, err := Expansion("demo.yaml", []byte(text))
	if want := int64(a + 2*b); err != nil || got != want {
		t.Errorf("it is %d, %v, want %d", got, err, want)
	}
}

// FuzzExpansion holds it against what the decoder makes of a document: however
// aliases are written, not much more comes out than was said.
func FuzzExpansion(f *testing.F) {
	for _, seed := range append(seeds, scalars(100, 100), laughs(3), "a: &a x\nb: [*a,*a]\n? *a : *a\n", "&a a: &b {<<: *a}\n", "- &a\n- *a\n- ! &b *a\n", "&a ? &b c : *b\n", "!!map &a {a: b}\n") {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, doc := range split(data) {
			said, err := expansion("demo.yaml", []document{doc})
			if err != nil {
				if !errors.Is(err, ErrExpansion) && !place.MatchString(err.Error()) {
					t.Errorf("the error is %q", err)
				}
				continue
			}
			made, err := yaml.YAMLToJSON(doc.text)
			// A character can take six, and a value of none four.
			if most := 8*(int64(len(doc.text))+said) + 100; err == nil && int64(len(made)) > most {
				t.Errorf("%d bytes of JSON come from %d, of which aliases were said to stand for %d", len(made), len(doc.text), said)
			}
		}
	})
}
