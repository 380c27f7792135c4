package file

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/randfill"
	"sigs.k8s.io/yaml"
)

// harmless are the fields of a kustomization of which kustomize loads nothing.
var harmless = []string{
	"TypeMeta", "MetaData", "NamePrefix", "NameSuffix", "Namespace", "CommonLabels", "Labels", "CommonAnnotations", "Images", "ImageTags",
	"Replicas", "Vars", "SortOptions", "GeneratorOptions", "BuildMetadata",
	// These are refused.
	"HelmGlobals", "HelmCharts", "HelmChartInflationGenerator",
	// It is a map, of which local knows the one key.
	"OpenAPI",
}

// TestReferences fails when kustomize gets a field that nobody has thought of: it
// fills one field after the other and wants each text that is a path to be found.
func TestReferences(t *testing.T) {
	of := reflect.TypeFor[types.Kustomization]()
	for i := range of.NumField() {
		name := of.Field(i).Name
		if slices.Contains(harmless, name) {
			continue
		}
		var k types.Kustomization
		randfill.NewWithSeed(1).NilChance(0).NumElements(2, 2).MaxDepth(20).Fill(reflect.ValueOf(&k).Elem().Field(i).Addr().Interface())
		texts := 0
		var count func(value reflect.Value, path string)
		count = func(value reflect.Value, path string) {
			switch value.Kind() {
			case reflect.Slice:
				for i := range value.Len() {
					count(value.Index(i), path)
				}
			case reflect.Struct:
				for i := range value.NumField() {
					count(value.Field(i), path+"."+value.Type().Field(i).Name)
				}
			case reflect.String:
				if !slices.ContainsFunc(notLoaded, func(end string) bool { return strings.HasSuffix(path, end) }) {
					texts++
				}
			}
		}
		count(reflect.ValueOf(k).Field(i), name)
		if found := len(references(&k)); texts == 0 || found < texts {
			t.Errorf("of %s, %d texts of %d are found", name, found, texts)
		}
	}
}

// notLoaded are texts beside paths.
var notLoaded = []string{
	"GeneratorArgs.Name", "GeneratorArgs.Namespace", "GeneratorArgs.Behavior", ".LiteralSources", "SecretGenerator.Type", ".Patch",
	// Replacement.Source and Targets are pointers, and not looked into.
}

// TestLocalKeepsKustomizations writes one as it was read.
func TestLocalKeepsKustomizations(t *testing.T) {
	for seed := range int64(200) {
		var filled types.Kustomization
		randfill.NewWithSeed(seed).NilChance(0.3).NumElements(1, 2).MaxDepth(20).Funcs(
			func(s *string, c randfill.Continue) { *s = []string{"", "a", "b=c", "- d\n", "true"}[c.Intn(5)] },
			func(v *map[string]any, _ randfill.Continue) { *v = map[string]any{"a": "b"} },
		).Fill(&filled)
		var read, again types.Kustomization
		for _, k := range []*types.Kustomization{&read, &again} {
			text, err := yaml.Marshal(filled)
			if err == nil {
				err = k.Unmarshal(text)
			}
			if err != nil {
				t.Fatal(err)
			}
			filled = *k
		}
		if !reflect.DeepEqual(read, again) {
			t.Errorf("of\n%+v\nis left\n%+v", read, again)
		}
	}
}

// FuzzResolve has a kustomization name anything, without a network: what
// kustomize is given begins so that nothing can take it for a URL.
func FuzzResolve(f *testing.F) {
	for _, entry := range []string{"a.yaml", "../b", "k=a", "https:a", "git::x", "a@b:c", "apiVersion: v1\nkind: A\nmetadata: {name: a}\n", "https://x: {kind: A}", "---", "C:\\a", "\x00", "/etc/passwd", "k=/etc", "?a", "github.com/a/b", "file:a"} {
		for wanted := range 6 {
			f.Add(entry, wanted)
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, entry string, number int) {
		wanted := kind((number%6 + 6) % 6)
		built := newTree(t.Context(), Options{Kustomize: dir})
		built.fetched = maxFetched
		found, err := built.resolve(dir, entry, wanted)
		if err != nil || entry == "" {
			return
		}
		path := found
		if _, behind, keyed := strings.Cut(found, "="); keyed && wanted == keyedFile && !strings.HasPrefix(found, "./") {
			path = behind
		}
		if !strings.HasPrefix(path, "./") && !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "---\n") {
			t.Errorf("%q becomes %q", entry, found)
		}
	})
}

// FuzzParseRepository gives git nothing that it could take for an option or for
// another transport.
func FuzzParseRepository(f *testing.F) {
	for _, entry := range []string{
		"https://host/org/repo?ref=v1", "ssh://git@host:22/org/repo.git/a/b", "git@host:org/repo", "github.com/org/repo", "github.com:org/repo",
		"git::https://host/a/_git/b/c", "https://user:pass@host/a//b", "http://host/a/b", "file:///a/b", "https://-host/a/b", "https://host/a/b?ref=--x",
		"ext::sh -c x", "https://host/a/b?ref=%2D-x", "ssh://-x@host/a/b", "a@b:-c", "https://[::1]/a/b", "https://host/%2e%2e/a", "https://host/a/../../b",
	} {
		f.Add(entry, true)
		f.Add(entry, false)
	}
	f.Fuzz(func(t *testing.T, entry string, allowHTTP bool) {
		found, err := parseRepository(entry, allowHTTP)
		if err != nil {
			return
		}
		lower := strings.ToLower(found.address)
		isShort := !strings.Contains(lower, "://") && strings.Contains(lower, ":")
		switch {
		case strings.HasPrefix(lower, "https://"), strings.HasPrefix(lower, "ssh://"), isShort, allowHTTP && strings.HasPrefix(lower, "http://"):
		default:
			t.Errorf("%q leads to %q", entry, found.address)
		}
		_, host, _ := strings.Cut(lower, "://")
		for _, part := range []string{found.address, found.ref, host, host[strings.Index(host, "@")+1:]} {
			if strings.HasPrefix(part, "-") {
				t.Errorf("%q gives %q, which begins with a dash", entry, part)
			}
		}
		if strings.ContainsAny(found.address+found.ref, " \n\t\x00") || strings.ContainsAny(found.ref, ":*%?[^~\\") || strings.HasPrefix(found.folder+"/", "../") {
			t.Errorf("%q becomes %+v", entry, found)
		}
	})
}
