package architecture

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTagsReachNoShell keeps what a tag is called out of the recipes of make and
// the scripts of workflows, which a shell reads.
func TestTagsReachNoShell(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(makefile)) {
		if strings.HasPrefix(line, "\t") && regexp.MustCompile(`\$[({](RELEASE|COMMIT)[)}]`).MatchString(line) {
			t.Errorf("make writes it into %s", line)
		}
	}
	workflow, err := os.ReadFile(filepath.Join(root, ".github/workflows/release.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(workflow)) {
		if strings.Contains(line, "run:") && strings.ContainsAny(line, "$") {
			t.Errorf("the workflow writes something into %s", line)
		}
	}
}

// TestVersions takes versions that krew takes, by way of make and the environment.
func TestVersions(t *testing.T) {
	made := filepath.Join(t.TempDir(), "made")
	for version, good := range map[string]bool{
		"v0.1.0": true, "v10.20.30": true,
		"": false, "0.1.0": false, "v0.1": false, "v0.1.0-rc.1": false, "v0.1.0\nv0.1.0": false, "v0.1.0 --clean": false, "-v": false,
		"v0.1.0;touch " + made: false, "v0.1.0$(touch " + made + ")": false, "v0.1.0`touch " + made + "`": false, "v0.1.0'\"&touch " + made: false,
	} {
		if err := exec.Command(filepath.Join(root, "test/release/version.sh"), version).Run(); good != (err == nil) {
			t.Errorf("%q: %v", version, err)
		}
		draft := exec.Command("make", "-C", root, "--no-print-directory", "-o", "release-tools", "release-draft", "RELEASE_TOOLS=/bin/true;#")
		draft.Env = append(os.Environ(), "RELEASE="+version)
		_ = draft.Run() // there is nothing to publish here
	}
	if _, err := os.Stat(made); err == nil {
		t.Error("a tag was run")
	}
}
