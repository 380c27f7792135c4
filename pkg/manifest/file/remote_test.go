package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// build reads a kustomization that consists of one file.
func build(t *testing.T, kustomization string, options Options) ([]string, error) {
	t.Helper()
	options.Kustomize = folder(t, map[string]string{"kustomization.yaml": kustomization})
	content, err := Read(t.Context(), options)
	return names(content.Objects), err
}

// TestKustomizeRunsNothing has kustomizations name what git would take for an
// option or for a program to run, in every field and at every depth.
func TestKustomizeRunsNothing(t *testing.T) {
	root := folder(t, map[string]string{"org/repo/kustomization.yaml": "resources: [a.yaml]\n", "org/repo/a.yaml": configMap("a")})
	commit(t, root+"/org/repo")
	server := newHost(t, root, false)
	ran := filepath.Join(t.TempDir(), "ran")
	upload := "--upload-pack%3Dtouch%20" + ran + "%3B%20git-upload-pack"
	entries := []string{
		"file://" + root + "/org/repo?ref=" + upload,
		"file://" + root + "/org/repo?version=" + upload,
		"FILE://" + root + "/org/repo?ref=" + upload,
		"git::file://" + root + "/org/repo?ref=" + upload,
		"file://" + root + "/org/repo",
		"file:" + root + "/org/repo?ref=" + upload,
		server.URL + "/org/repo?ref=" + upload,
		server.URL + "/org/repo?ref=" + strings.ReplaceAll(upload, "%", "%25"),
		server.URL + "/org/repo?ref=v1.0&version=" + upload,
		server.URL + "/org/repo?ref=%2Brefs/heads/main:refs/heads/x",
		"git::" + server.URL + "/org/repo?ref=-" + upload,
		"ext::sh -c touch% " + ran,
		"git::ext::sh -c touch% " + ran,
		"ext::sh -c touch% " + ran + "//x?ref=v1",
		"git://localhost/org/repo",
		"ssh://-oProxyCommand=touch$IFS" + ran + "/org/repo",
		"ssh://-oProxyCommand%3Dtouch%20@localhost/org/repo",
		"git@-oProxyCommand=touch:org/repo",
		"-oProxyCommand@localhost:org/repo",
		"git@localhost:--upload-pack=touch",
		"user@localhost/org/repo?ref=" + upload,
	}
	depths := map[string]func(kustomization string) map[string]string{
		"itself": func(k string) map[string]string { return map[string]string{"kustomization.yaml": k} },
		"a base": func(k string) map[string]string {
			return map[string]string{"kustomization.yaml": "resources: [base]\n", "base/Kustomization": k}
		},
		"a base behind links": func(k string) map[string]string {
			return map[string]string{"kustomization.yaml": "resources: [link]\n", "base/other": k}
		},
	}
	for depth, files := range depths {
		for _, field := range []string{"resources", "bases", "RESOURCES", "components", "generators", "transformers", "validators"} {
			for _, entry := range entries {
				dir := folder(t, files(fmt.Sprintf("%s: [%q]\n", field, entry)))
				if depth == "a base behind links" {
					if err := errors.Join(os.Symlink("base", dir+"/link"), os.Symlink("other", dir+"/base/kustomization.yml")); err != nil {
						t.Fatal(err)
					}
				}
				_, err := Read(t.Context(), Options{Kustomize: dir, AllowHTTP: true})
				if err == nil || strings.ContainsAny(err.Error(), "\n") || !strings.Contains(err.Error(), strings.ToLower(field)) {
					t.Errorf("%s: %s: %s: the error is %v", depth, field, entry, err)
				}
				if strings.Contains(fmt.Sprint(err), "upload-pack%") {
					t.Errorf("the error repeats the query: %v", err)
				}
			}
		}
	}
	for _, entry := range entries {
		if _, err := Read(t.Context(), Options{Kustomize: entry, AllowHTTP: true}); err == nil {
			t.Errorf("-k %s: no error", entry)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command was run")
	}
	if n := server.requests.Load(); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

// TestKustomizeRunsNothingFetched is the same for a base that was fetched.
func TestKustomizeRunsNothingFetched(t *testing.T) {
	root := t.TempDir()
	ran := filepath.Join(t.TempDir(), "ran")
	bad := filepath.Join(root, "org", "bad")
	if err := os.MkdirAll(bad, 0o755); err != nil {
		t.Fatal(err)
	}
	evil := "resources: [\"file://" + bad + "?ref=--upload-pack%3Dtouch%20" + ran + "%3B%20git-upload-pack\"]\n"
	if err := os.WriteFile(bad+"/kustomization.yaml", []byte(evil), 0o644); err != nil {
		t.Fatal(err)
	}
	commit(t, bad)
	server := newHost(t, root, false)
	_, err := build(t, "resources: [\""+server.URL+"/org/bad\"]\n", Options{AllowHTTP: true})
	want := server.URL + `/org/bad/kustomization.yaml: resources: "file://` + bad + `": file:// is not allowed; use https://, ssh:// or a path`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is\n%v, want\n%s", err, want)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command was run")
	}
}

func TestKustomizeFetches(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	root, server := repositories(t)
	head := git(t, root+"/org/repo", "rev-parse", "HEAD")
	for _, test := range []struct {
		name, kustomization string
		want                []string
	}{
		{"repository", "resources: [SERVER/org/repo]\n", []string{"a", "b", "c"}},
		{"git::", "resources: [\"git::SERVER/org/repo\"]\n", []string{"a", "b", "c"}},
		{"folder", "resources: [SERVER/org/repo/sub]\n", []string{"b"}},
		{"marked folder", "resources: [SERVER/org/repo//sub]\n", []string{"b"}},
		{"tag", "resources: [\"SERVER/org/repo/sub?ref=v1.0\"]\n", []string{"b"}},
		{"branch", "bases: [\"SERVER/org/repo/sub?version=main&timeout=50&submodules=false\"]\n", []string{"b"}},
		{"commit", "resources: [\"SERVER/org/repo/sub?ref=" + head + "\"]\n", []string{"b"}},
		{"repository that names others", "resources: [SERVER/org/nested]\n", []string{"b", "raw"}},
		{"two folders of a repository", "resources: [SERVER/org/repo/other, SERVER/org/repo/sub]\n", []string{"c", "b"}},
		{"component", "resources: [SERVER/raw/raw.yaml]\ncomponents: [SERVER/org/repo//component]\n", []string{"comp-raw"}},
		{"file", "resources: [\"SERVER/raw/raw.yaml?raw=true#x\"]\n", []string{"raw"}},
		{"patch", "resources: [SERVER/raw/raw.yaml]\npatches: [{path: SERVER/raw/raw.yaml}]\n", []string{"raw"}},
		{"patch of old", "resources: [SERVER/raw/raw.yaml]\npatchesStrategicMerge: [SERVER/raw/raw.yaml]\n", []string{"raw"}},
		{"patch that is written out", fmt.Sprintf("resources: [SERVER/raw/raw.yaml]\npatchesStrategicMerge: [%q]\n", configMap("raw")), []string{"raw"}},
		{"generators that are written out", fmt.Sprintf("generators: [%q]\n", "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nliterals: [a=b]\noptions: {disableNameSuffixHash: true}\n"), []string{"g"}},
		{"data", "generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: d, files: [SERVER/raw/raw.yaml, k=SERVER/raw/raw.yaml]}]\n", []string{"d"}},
		{"nothing but a base of nothing", "resources: [SERVER/raw/raw.yaml]\ncrds: []\n", []string{"raw"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := build(t, strings.ReplaceAll(test.kustomization, "SERVER", server.URL), Options{AllowHTTP: true})
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("read %v, %v", got, err)
			}
		})
	}
	content, err := Read(t.Context(), Options{Kustomize: server.URL + "/org/repo//sub", AllowHTTP: true})
	if err != nil || !slices.Equal(names(content.Objects), []string{"b"}) {
		t.Errorf("-k: read %v, %v", names(content.Objects), err)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "kustomize-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v are left behind", left, err)
	}
}

func TestKustomizeData(t *testing.T) {
	_, server := repositories(t)
	dir := folder(t, map[string]string{
		"kustomization.yaml": "configMapGenerator: [{name: d, files: [" + server.URL + "/raw/raw.yaml, k=" + server.URL + "/raw/raw.yaml, l=local, local]}]\n",
		"local":              "here",
	})
	content, err := Read(t.Context(), Options{Kustomize: dir, AllowHTTP: true})
	if err != nil || len(content.Objects) != 1 {
		t.Fatal(err)
	}
	got := fmt.Sprint(content.Objects[0].Object["data"])
	if want := fmt.Sprint(map[string]any{"raw.yaml": configMap("raw"), "k": configMap("raw"), "l": "here", "local": "here"}); got != want {
		t.Errorf("the data are %s, want %s", got, want)
	}
}

func TestKustomizeRefuses(t *testing.T) {
	root, server := repositories(t)
	large := filepath.Join(root, "large.yaml")
	if err := os.WriteFile(large, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxBytes+1); err != nil {
		t.Fatal(err)
	}
	transformer := func(text string) string {
		return fmt.Sprintf("resources: [SERVER/raw/raw.yaml]\ntransformers: [%q]\n", text)
	}
	for _, test := range []struct {
		name, kustomization string
		encrypted           bool
		want                string
	}{
		{"repository that is not encrypted", "resources: [SERVER/org/repo]\n", true, `DIR/kustomization.yaml: resources: "SERVER/org/repo": not encrypted; use https, or allow it with --allow-http`},
		{"file that is not encrypted", "patches: [{path: SERVER/raw/raw.yaml}]\n", true, `DIR/kustomization.yaml: patches.path: "SERVER/raw/raw.yaml": not encrypted; use https, or allow it with --allow-http`},
		{"schema that is not encrypted", "openapi: {path: SERVER/raw/raw.yaml}\n", true, `openapi.path: "SERVER/raw/raw.yaml": not encrypted`},
		{"data of another scheme", "secretGenerator: [{name: a, envs: [\"file:///etc/passwd\"]}]\n", false, `secretGenerator.envs: "file:///etc/passwd": not a path and not an https:// URL`},
		{"data of ssh", "configMapGenerator: [{name: a, files: [\"k=ssh://git@host/x/y\"]}]\n", false, `configMapGenerator.files: "k=ssh://...": not a path and not an https:// URL`},
		{"too large", "resources: [SERVER/raw/large.yaml]\n", false, `SERVER/raw/large.yaml is larger than 64 MiB; split it`},
		{"bases without end", "resources: [SERVER/org/loop]\n", false, `cycle detected`},
		{"base outside", "resources: [SERVER/org/out]\n", false, `SERVER/org/out/kustomization.yaml: resources: "link": outside the repository`},
		{"file outside", "resources: [SERVER/org/file]\n", false, `is not in or below 'SERVER/org/file'`},
		{"folder outside", "resources: [SERVER/org/out//link]\n", false, `the repository SERVER/org/out has no folder "link"`},
		{"folder above", "resources: [SERVER/org/repo//sub/../../..]\n", false, `outside the repository`},
		{"no folder", "resources: [SERVER/org/repo//none]\n", false, `the repository SERVER/org/repo has no folder "none"`},
		{"no repository", "resources: [\"https://user:hidden@HOST/org/none?ref=hidden\"]\n", false, `cannot fetch the repository https://HOST/org/none: git: `},
		{"no such tag", "resources: [\"SERVER/org/repo?ref=v2.0\"]\n", false, `git: fatal: couldn't find remote ref v2.0`},
		{"neither", "resources: [\"SERVER/raw/none.yaml?x=y\"]\n", false, `cannot download SERVER/raw/none.yaml: the server answered 404 Not Found`},
		{"submodules", "components: [\"SERVER/org/repo?submodules=true\"]\n", false, `submodules are not fetched`},
		{"unknown query", "components: [\"SERVER/org/repo?hidden=hidden\"]\n", false, `not a repository: its query supports`},
		{"path with @", "resources: [a@b.yaml]\n", false, `resources: "a@b.yaml": neither a path nor a URL with https:// or ssh://; put ./ in front of a path`},
		{"chart", "helmCharts: [{name: a, repo: SERVER}]\n", false, `helmCharts: charts are not rendered`},
		{"kustomization as data", "configMapGenerator: [{name: a, files: [kustomization.yaml]}]\n", false, `a kustomization file, not data`},
		{"URL of a transformer", transformer("apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\nPATH: SERVER/raw/raw.yaml\n"), false, `transformers: "apiVersion: builtin ...": "SERVER/raw/raw.yaml" is a URL, which its configuration does not support`},
		{"URL of a generator", fmt.Sprintf("generators: [%q]\n", "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: p}\nfiles: [k=SERVER/raw/raw.yaml]\n"), false, `"SERVER/raw/raw.yaml" is a URL, which its configuration does not support`},
		{"field that is unknown", "remotes: [SERVER/org/repo]\n", false, `unknown field "remotes"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := server.requests.Load()
			dir := folder(t, map[string]string{
				"kustomization.yaml": strings.NewReplacer("SERVER", server.URL, "https://user:hidden@HOST", "http://user:hidden@"+strings.TrimPrefix(server.URL, "http://")).Replace(test.kustomization),
			})
			_, err := Read(t.Context(), Options{Kustomize: dir, AllowHTTP: !test.encrypted})
			got := strings.NewReplacer(server.URL, "SERVER", dir, "DIR", "http://"+strings.TrimPrefix(server.URL, "http://"), "https://HOST").Replace(fmt.Sprint(err))
			want := strings.ReplaceAll(test.want, "https://HOST", "SERVER")
			if err == nil || !strings.Contains(got, want) || strings.Contains(got, "\n") || strings.Contains(got, "hidden") {
				t.Errorf("the error is\n%s, want\n%s", got, want)
			}
			if n := server.requests.Load() - before; test.encrypted && n > 0 {
				t.Errorf("%d requests went out unencrypted", n)
			}
		})
	}
}

// TestKustomizePluginFiles looks into what configures transformers: their paths
// are not those of the kustomization.
func TestKustomizePluginFiles(t *testing.T) {
	_, server := repositories(t)
	config := "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: " + server.URL + "/raw/raw.yaml\n"
	for name, files := range map[string]map[string]string{
		"file":      {"kustomization.yaml": "resources: [a.yaml]\ntransformers: [t.yaml]\n", "t.yaml": config},
		"directory": {"kustomization.yaml": "resources: [a.yaml]\ntransformers: [dir]\n", "dir/kustomization.yaml": "resources: [t.yaml]\n", "dir/t.yaml": config},
	} {
		files["a.yaml"] = configMap("a")
		before := server.requests.Load()
		_, err := Read(t.Context(), Options{Kustomize: folder(t, files), AllowHTTP: true})
		if err == nil || server.requests.Load() != before {
			t.Errorf("%s: %d requests, the error is %v", name, server.requests.Load()-before, err)
		}
	}
	files := map[string]string{
		"kustomization.yaml": "resources: [a.yaml]\ntransformers: [t.yaml]\n", "a.yaml": configMap("a"),
		"t.yaml": "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: pre-\nfieldSpecs: [{path: metadata/name}]\n",
	}
	content, err := Read(t.Context(), Options{Kustomize: folder(t, files)})
	if err != nil || !slices.Equal(names(content.Objects), []string{"pre-a"}) {
		t.Errorf("read %v, %v", names(content.Objects), err)
	}
}

// TestKustomizeBounds has a kustomization name the same file too often, and too
// many URLs.
func TestKustomizeBounds(t *testing.T) {
	files := map[string]string{"large": strings.Repeat("x", 1<<20), "kustomization.yaml": "configMapGenerator:\n"}
	for i := range maxBytes>>20 + 1 {
		files["kustomization.yaml"] += fmt.Sprintf("- {name: a%d, files: [large]}\n", i)
	}
	_, err := Read(t.Context(), Options{Kustomize: folder(t, files)})
	if err == nil || !strings.HasSuffix(err.Error(), "more than 64 MiB of input") {
		t.Errorf("the error is %v", err)
	}
	_, server := repositories(t)
	kustomization := "resources:\n"
	for i := range maxFetched + 1 {
		kustomization += fmt.Sprintf("- %s/raw/raw.yaml?%d\n", server.URL, i)
	}
	_, err = build(t, kustomization, Options{AllowHTTP: true})
	if err == nil || !strings.HasSuffix(err.Error(), "more than 100 remote files and repositories") {
		t.Errorf("the error is %v", err)
	}
}
