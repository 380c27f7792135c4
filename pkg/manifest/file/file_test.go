package file

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n"
}

// folder writes files, by their path below it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func names(objects []manifest.Object) []string {
	var all []string
	for _, object := range objects {
		all = append(all, object.GetName())
	}
	return all
}

// below puts the folder in front of what is neither stdin nor a URL.
func below(dir string, arguments []string) []string {
	var all []string
	for _, argument := range arguments {
		if argument != "-" && !isURL(argument) {
			argument = dir + "/" + argument
		}
		all = append(all, argument)
	}
	return all
}

// sample has every sort of name that a directory can hold.
func sample(t *testing.T) string {
	t.Helper()
	dir := folder(t, map[string]string{
		"c.yaml":        configMap("c") + "---\n" + configMap("c2"),
		"a.yml":         configMap("a"),
		"b.json":        `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}`,
		"README.md":     "not: [a manifest",
		"d":             configMap("d"),
		"b/inner.yaml":  configMap("inner"),
		"b/x/deep.yaml": configMap("deep"),
	})
	if err := os.Symlink(filepath.Join(dir, "b"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRead(t *testing.T) {
	dir := sample(t)
	for _, test := range []struct {
		name      string
		arguments []string
		recursive bool
		want      []string
	}{
		{"file", []string{"c.yaml"}, false, []string{"c", "c2"}},
		{"file of another extension", []string{"d"}, false, []string{"d"}},
		{"files as they are given", []string{"c.yaml", "a.yml"}, false, []string{"c", "c2", "a"}},
		{"directory by name", []string{"."}, false, []string{"a", "b", "c", "c2"}},
		{"directories below", []string{"."}, true, []string{"a", "inner", "deep", "b", "c", "c2"}},
		{"glob", []string{"?.y*ml"}, false, []string{"a", "c", "c2"}},
		{"glob of directories", []string{"b/?"}, false, []string{"deep"}},
		{"link to a directory", []string{"link"}, false, []string{"inner"}},
		{"stdin", []string{"-"}, false, []string{"in"}},
		{"stdin between files", []string{"a.yml", "-", "b.json"}, false, []string{"a", "in", "b"}},
		{"nothing", nil, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := Read(t.Context(), Options{
				Filenames: below(dir, test.arguments),
				Recursive: test.recursive,
				In:        strings.NewReader(configMap("in")),
			})
			objects := content.Objects
			if err != nil {
				t.Fatal(err)
			}
			if got := names(objects); !slices.Equal(got, test.want) {
				t.Errorf("read %v, want %v", got, test.want)
			}
		})
	}
}

// TestReadNamesSources looks at what errors of later steps will say.
func TestReadNamesSources(t *testing.T) {
	dir := sample(t)
	content, err := Read(t.Context(), Options{
		Filenames: []string{dir, "-"},
		In:        strings.NewReader(configMap("in")),
	})
	objects := content.Objects
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, object := range objects {
		sources = append(sources, strings.TrimPrefix(object.Source.String(), dir+"/"))
	}
	want := []string{
		"a.yml, document 1 (line 1)",
		"b.json, document 1 (line 1)",
		"c.yaml, document 1 (line 1)",
		"c.yaml, document 2 (line 6)",
		"stdin, document 1 (line 1)",
	}
	if !slices.Equal(sources, want) {
		t.Errorf("the sources are %q, want %q", sources, want)
	}
}

func TestReadErrors(t *testing.T) {
	dir := folder(t, map[string]string{
		"empty.yaml":      "# nothing\n",
		"broken.yaml":     configMap("a") + "---\nkind: [x\n",
		"outer/inner.txt": "",
	})
	if err := os.Symlink(dir+"/none.yaml", dir+"/dangling.yaml"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		arguments []string
		in        io.Reader
		want      string
	}{
		{"no such file", []string{"none.yaml"}, nil, `the path "DIR/none.yaml" does not exist`},
		{"glob without a match", []string{"*.json"}, nil, `the path "DIR/*.json" does not exist`},
		{"glob that is none", []string{"[.yaml"}, nil, `the path "DIR/[.yaml" does not exist`},
		{"link to nothing", []string{"dangling.yaml"}, nil, `the path "DIR/dangling.yaml" does not exist`},
		{"glob of a link to nothing", []string{"dang*"}, nil, `the path "DIR/dangling.yaml" does not exist`},
		{"path through a file", []string{"empty.yaml/x"}, nil, `cannot read the path "DIR/empty.yaml/x": not a directory`},
		{"directory without manifests", []string{"outer"}, nil, `the directory "DIR/outer" has no .json, .yaml, .yml file; use -R to read the directories below it`},
		{"file without objects", []string{"empty.yaml"}, nil, "DIR/empty.yaml: no objects found; is it the right file?"},
		{"file that is not valid", []string{"broken.yaml"}, nil, "DIR/broken.yaml, document 2 (line 6): not valid YAML: did not find expected ',' or ']'"},
		{"stdin without objects", []string{"-"}, strings.NewReader(""), "stdin: no objects found; is it the right file?"},
		{"stdin that is not valid", []string{"-"}, strings.NewReader("{"), "stdin, document 1 (line 1): not valid JSON: unexpected EOF"},
		{"stdin that fails", []string{"-"}, iotest.ErrReader(errors.New("broken pipe")), "cannot read stdin: broken pipe"},
		// Refused before anything is read.
		{"stdin twice", []string{"-", "none.yaml", "-"}, nil, "-f - was given twice; standard input can be read only once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := Read(t.Context(), Options{Filenames: below(dir, test.arguments), In: test.in})
			objects := content.Objects
			if err == nil {
				t.Fatalf("no error, but %v", names(objects))
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != test.want {
				t.Errorf("the error is\n%s, want\n%s", got, test.want)
			}
		})
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestBytesBound(t *testing.T) {
	data, err := Bytes(t.Context(), Options{In: io.LimitReader(zeros{}, maxBytes)}, "-")
	if err != nil || len(data) != maxBytes {
		t.Errorf("read %d bytes, %v", len(data), err)
	}
	_, err = Bytes(t.Context(), Options{In: zeros{}}, "-")
	if err == nil || err.Error() != "stdin is larger than 64 MiB; split it" {
		t.Errorf("the error is %v", err)
	}
}

// TestReadTellsOfEachFile gathers the warnings of all files, and refuses two
// objects in one document only if that is wanted.
func TestReadTellsOfEachFile(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.yaml": configMap("a") + "data: {x: a, x: b}\n",
		"b.yaml": configMap("b") + "data: {}\ndata: {}\n",
		"c.yaml": configMap("c") + configMap("d"),
	})
	options := Options{Filenames: []string{dir}}
	content, err := Read(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(content.Objects); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("read %v", got)
	}
	for i, want := range []string{"/a.yaml, document 1 (line 5): ", "/b.yaml, document 1 (line 6): ", "/c.yaml, document 1 (line 5): "} {
		if len(content.Warnings) != 3 || !strings.HasPrefix(content.Warnings[i], dir+want) {
			t.Errorf("the warnings are\n%s", strings.Join(content.Warnings, "\n"))
		}
	}
	options.Strict = true
	if content, err := Read(t.Context(), options); err == nil || !strings.HasPrefix(err.Error(), dir+"/c.yaml, document 1 (line 5): ") || content.Objects != nil {
		t.Errorf("strictly: %v, %v", names(content.Objects), err)
	}
}
