package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// manifest is what krew reads, as far as it is looked at here.
type manifest struct {
	Metadata struct{ Name string }
	Spec     struct {
		Version   string
		Platforms []platform
	}
	// inputs names the tree that the archives were built from.
	inputs string
	// text is the file.
	text string
}

type platform struct {
	Selector    struct{ MatchLabels struct{ OS, Arch string } }
	URI, SHA256 string
	Bin         string
}

// read reads a manifest.
func read(file string) (*manifest, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	found := &manifest{text: string(data)}
	if err := yaml.Unmarshal(data, found); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if match := regexp.MustCompile(`(?m)^# inputs: ([0-9a-f]{40})$`).FindStringSubmatch(found.text); match != nil {
		found.inputs = match[1]
	}
	return found, nil
}

// ours is plugin.yaml.
func ours(t *testing.T) *manifest {
	t.Helper()
	found, err := read(filepath.Join(root, "plugin.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if found.inputs == "" {
		t.Fatal("plugin.yaml does not say what its archives are made of; write it with make release-manifest")
	}
	return found
}

// sums gives the checksums by the names of the archives.
func (m *manifest) sums() map[string]string {
	found := map[string]string{}
	for _, platform := range m.Spec.Platforms {
		found[path.Base(platform.URI)] = platform.SHA256
	}
	return found
}

// measured gives the checksums of the archives in a folder.
func measured(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.tar.gz", "*.zip"} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(data)
			found[filepath.Base(file)] = hex.EncodeToString(sum[:])
		}
	}
	return found
}

// TestChecksums holds plugin.yaml against a build of the tree that it names.
// That is looked for in the history; no tag is needed. Where it is not there,
// because only the last commits were cloned or because history was rewritten
// with other changes, the archives of HEAD are built twice, and must be equal.
func TestChecksums(t *testing.T) {
	manifest := ours(t)
	if len(manifest.sums()) != 6 {
		t.Errorf("plugin.yaml has the archives %v, and not those of six platforms", manifest.sums())
	}
	commit := find(t, manifest.inputs)
	if tag := os.Getenv("RELEASE_TAG"); tag != "" {
		if tag != manifest.Spec.Version || commit != git(t, "rev-parse", "HEAD") {
			t.Fatalf("plugin.yaml is that of %s and not of this commit as %s: make release-manifest RELEASE=%[2]s", manifest.Spec.Version, tag)
		}
	}
	want := manifest.sums()
	var folder string
	switch commit {
	case git(t, "rev-parse", "HEAD"):
		t.Logf("plugin.yaml is that of HEAD")
		folder = built(t)
	case "":
		t.Logf("the tree of plugin.yaml is not in this history (shallow: %s): HEAD is built twice instead, and plugin.yaml's checksums are not looked at", git(t, "rev-parse", "--is-shallow-repository"))
		want = measured(t, built(t))
		folder = elsewhere(t, "HEAD", manifest.Spec.Version)
	default:
		t.Logf("plugin.yaml is that of the commit %s", commit)
		folder = elsewhere(t, commit, manifest.Spec.Version)
	}
	got := measured(t, folder)
	if len(got) != len(want) {
		t.Errorf("there are the archives %v, and should be %v", got, want)
	}
	for archive, sum := range want {
		if got[archive] != sum {
			t.Errorf("%s is now %s, and should be %s", archive, got[archive], sum)
		}
	}
}

// find gives the newest commit that is made of these inputs: HEAD, if it is.
func find(t *testing.T, inputs string) string {
	t.Helper()
	for commit := range strings.FieldsSeq(git(t, "rev-list", "HEAD")) {
		of, err := run(nil, "test/release/inputs.sh", commit)
		if err != nil {
			t.Fatal(err)
		}
		if of == inputs {
			return commit
		}
	}
	return ""
}

// elsewhere builds archives where as much as can be is different.
func elsewhere(t *testing.T, commit, version string) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), "another", "place")
	if err := os.MkdirAll(other, 0o700); err != nil {
		t.Fatal(err)
	}
	environment := []string{"UMASK=077", "TMPDIR=" + other, "TZ=Pacific/Auckland", "LC_ALL=C", "USER=somebody", "GOFLAGS=-tags=elsewhere"}
	folder, err := archives(environment, commit, version)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestVersions has one version in all places that name one.
func TestVersions(t *testing.T) {
	manifest := ours(t)
	version := manifest.Spec.Version
	for _, platform := range manifest.Spec.Platforms {
		want := "https://github.com/kubectl-istio-demo/kubectl-istio-demo/releases/download/" + version + "/"
		if folder, _ := path.Split(platform.URI); folder != want {
			t.Errorf("%s is not of %s", platform.URI, version)
		}
	}
	released := regexp.MustCompile(`(?m)^## (v\d+\.\d+\.\d+)`).FindStringSubmatch(content(t, "CHANGELOG.md"))
	if released == nil || released[1] != version {
		t.Errorf("the newest release of CHANGELOG.md is %v, and plugin.yaml's %s", released, version)
	}
	for _, file := range []string{"docs/installing.md", "docs/installing.zh-CN.md"} {
		for _, named := range regexp.MustCompile(`v\d+\.\d+\.\d+`).FindAllString(content(t, file), -1) {
			if named != version {
				t.Errorf("%s tells how to install %s, and plugin.yaml is that of %s", file, named, version)
			}
		}
	}
	config := content(t, ".goreleaser.yaml")
	for _, file := range []string{"go.mod", "test/release/tools/go.mod"} {
		toolchain := regexp.MustCompile(`(?m)^toolchain (\S+)$`).FindStringSubmatch(content(t, file))
		if toolchain == nil || !strings.Contains(config, "\n- GOTOOLCHAIN="+toolchain[1]+"\n") {
			t.Errorf(".goreleaser.yaml does not have the Go of %s, %s", file, toolchain)
		}
	}
}

// content gives a file of the repository.
func content(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
