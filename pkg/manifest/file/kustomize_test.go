package file

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// kustomizations are an overlay over a base, and some that cannot be built.
func kustomizations(t *testing.T) string {
	t.Helper()
	return folder(t, map[string]string{
		"base/kustomization.yaml":    "resources: [b.yaml, a.yaml]\n",
		"base/a.yaml":                configMap("a"),
		"base/b.yaml":                configMap("b") + "data: {mode: base}\n",
		"overlay/kustomization.yaml": "resources: [../base]\nnamePrefix: over-\nnamespace: mesh\npatches: [{path: patch.yaml}]\n",
		"overlay/patch.yaml":         configMap("b") + "data: {mode: overlay}\n",
		"empty/kustomization.yaml":   "resources: [nothing.yaml]\n",
		"empty/nothing.yaml":         "# nothing\n",
		"outside/kustomization.yaml": "resources: [../base/a.yaml]\n",
		"none/a.yaml":                configMap("a"),
		"twice/kustomization.yaml":   "resources: [a.yaml]\n",
		"twice/a.yaml":               configMap("a") + "data: {}\ndata: {}\n",
	})
}

func TestKustomize(t *testing.T) {
	dir := kustomizations(t) + "/overlay"
	content, err := Read(t.Context(), Options{Kustomize: dir})
	objects := content.Objects
	if err != nil {
		t.Fatal(err)
	}
	var refs []string
	for _, object := range objects {
		refs = append(refs, manifest.Ref(object.Unstructured).String())
	}
	if want := []string{"configmap mesh/over-b", "configmap mesh/over-a"}; !slices.Equal(refs, want) {
		t.Fatalf("built %v, want %v", refs, want)
	}
	data, _ := objects[0].Object["data"].(map[string]any)
	if data["mode"] != "overlay" {
		t.Errorf("the patched data are %v", data)
	}
	if objects[0].Source.File != "kustomization "+dir {
		t.Errorf("the source is %q", objects[0].Source.File)
	}
}

func TestKustomizeErrors(t *testing.T) {
	dir := kustomizations(t)
	for _, test := range []struct {
		name, dir string
		// wants are parts: most of the text is kustomize's own.
		wants []string
	}{
		{"file", "base/a.yaml", []string{`-k requires a directory, but "DIR/base/a.yaml" is a file; use -f`}},
		{"no such directory", "nowhere", []string{`the path "DIR/nowhere" does not exist`}},
		{"no kustomization", "none", []string{"cannot build the kustomization in DIR/none: ", "unable to find one of 'kustomization.yaml'"}},
		{"key that comes twice", "twice", []string{"cannot build the kustomization in DIR/twice: ", `unmarshal errors: line 6: mapping key "data" already defined at line 5`}},
		{"no objects", "empty", []string{"the kustomization in DIR/empty has no objects"}},
		{"file outside", "outside", []string{"cannot build the kustomization in DIR/outside: ", "is not in or below"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := Read(t.Context(), Options{Kustomize: dir + "/" + test.dir})
			objects := content.Objects
			if err == nil {
				t.Fatalf("no error, but %v", names(objects))
			}
			for _, want := range test.wants {
				if got := strings.ReplaceAll(err.Error(), dir, "DIR"); !strings.Contains(got, want) {
					t.Errorf("the error is\n%s, want\n%s", got, want)
				}
			}
		})
	}
}

// TestKustomizeBoundsAliases has a megabyte stand for gigabytes, wherever
// kustomize reads YAML.
func TestKustomizeBoundsAliases(t *testing.T) {
	text := "&a " + strings.Repeat("x", 1<<20)
	aliases := "[" + strings.TrimSuffix(strings.Repeat("*a, ", 1500), ", ") + "]"
	object := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: " + text + "}\nb: " + aliases + "\n"
	prefix := "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\n"
	for name, files := range map[string]map[string]string{
		"resource":            {"kustomization.yaml": "resources: [b.yaml]\n", "b.yaml": object},
		"kustomization":       {"kustomization.yaml": "resources: [a.yaml]\nnamePrefix: " + text + "\nbuildMetadata: " + aliases + "\n"},
		"patch":               {"kustomization.yaml": "resources: [a.yaml]\npatches: [{path: b.yaml}]\n", "b.yaml": object},
		"patch written out":   {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\npatches: [{patch: %q}]\n", object)},
		"old patch":           {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\npatchesStrategicMerge: [%q]\n", object)},
		"patch in one line":   {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\npatches: [{patch: %q}]\n", "{kind: "+text+", b: "+aliases+"}")},
		"transformer":         {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\ntransformers: [%q]\n", prefix+"prefix: "+text+"\nx: "+aliases+"\n")},
		"transformer's patch": {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\ntransformers: [%q]\n", fmt.Sprintf("%spatch: %q\n", strings.Replace(prefix, "Prefix", "Patch", 1), object))},
		"validator's file":    {"kustomization.yaml": "resources: [a.yaml]\nvalidators: [b.yaml]\n", "b.yaml": object},
	} {
		t.Run(name, func(t *testing.T) {
			files["a.yaml"] = configMap("a")
			_, err := Read(t.Context(), Options{Kustomize: folder(t, files)})
			if err == nil || !strings.HasSuffix(err.Error(), decode.ErrExpansion.Error()) || !strings.Contains(err.Error(), "document 1 (line ") || len(err.Error()) > 500 {
				t.Errorf("the error is %.600s", fmt.Sprint(err))
			}
		})
	}
	// What is no YAML to kustomize is not looked at.
	files := map[string]string{"kustomization.yaml": "configMapGenerator: [{name: d, files: [b]}]\n", "b": "a: [&a x *a\n"}
	if _, err := Read(t.Context(), Options{Kustomize: folder(t, files)}); err != nil {
		t.Error(err)
	}
}

// TestReadKustomization names -k where -f meets a kustomization.
func TestReadKustomization(t *testing.T) {
	named := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: a}\n"
	for _, text := range []string{"resources: [a.yaml]\n", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n", named} {
		dir := folder(t, map[string]string{"kustomization.yaml": text, "a.yaml": configMap("a")})
		for _, argument := range []string{dir, dir + "/kustomization.yaml"} {
			_, err := Read(t.Context(), Options{Filenames: []string{argument}})
			if want := dir + "/kustomization.yaml is a kustomization, not a manifest; use -k with its directory instead of -f"; err == nil || err.Error() != want {
				t.Errorf("the error is %v, want %s", err, want)
			}
		}
	}
	dir := folder(t, map[string]string{"kustomization.yaml": configMap("a")})
	if content, err := Read(t.Context(), Options{Filenames: []string{dir}}); err != nil || len(content.Objects) != 1 {
		t.Errorf("of a file that only has the name there is %v, %v", content.Objects, err)
	}
}
