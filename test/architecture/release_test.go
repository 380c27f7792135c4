package architecture

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostileTags are names that git takes for a tag, or that somebody could give to
// make, each of which has a shell or make run something. RAN is a file.
var hostileTags = []string{
	"v1.2.3;touch${IFS}RAN", "v1.2.3`touch${IFS}RAN`", "v1.2.3$(touch${IFS}RAN)", "v1.2.3'`touch${IFS}RAN`'", `v1.2.3"$(touch${IFS}RAN)"`, "v1.2.3|touch${IFS}RAN",
	"v1.2.3&touch${IFS}RAN", "v1.2.3-$(shell touch RAN)", "$(shell touch RAN)v1.2.3", "v1.2.3\ntouch RAN", "touch RAN\nv1.2.3", "-v1.2.3", "--upload-pack=touch RAN", "v1.2", "v1.2.3-", "v1.2.3-../../x", "1.2.3", "v1.2.3+b", "",
}

// workshop has what makes a release, in a repository of its own, and tools that
// write down what they are called with.
func workshop(t *testing.T) (dir, tools string) {
	t.Helper()
	dir, tools = t.TempDir(), t.TempDir()
	for _, file := range []string{"Makefile", "plugin.yaml", "test/release/version.sh", "test/release/archives.sh", "test/release/manifest.sh", "test/release/inputs.sh"} {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err == nil {
			err = os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), data, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	const goreleaser = "#!/bin/sh\nprintf '%s' \"$GORELEASER_CURRENT_TAG\" >\"$TAGGED\"\nmkdir -p dist/krew\n" +
		"echo archive >dist/a.tar.gz; echo archive >dist/a.zip; echo sums >dist/checksums.txt; echo krew >dist/krew/istio-demo.yaml\n"
	if err := os.WriteFile(filepath.Join(tools, "goreleaser"), []byte(goreleaser), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{{"init", "--quiet"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "a"}} {
		command := exec.Command("git", arguments...)
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return dir, tools
}

// withoutMake is the environment without what a make that runs these tests has
// put there: a make inside would take its version and targets from it.
func withoutMake() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{"VERSION", "RELEASE", "COMMIT"}, name) || strings.HasPrefix(name, "MAKE") || name == "MFLAGS"
	})
}

// TestReleaseRunsNoTag gives hostile tags to everything that makes a release of
// one, by the environment, as the workflow does, and on the command line.
func TestReleaseRunsNoTag(t *testing.T) {
	dir, tools := workshop(t)
	tagged := filepath.Join(tools, "tagged")
	ran := filepath.Join(tools, "ran")
	call := func(environment []string, arguments ...string) (string, error) {
		command := exec.Command(arguments[0], arguments[1:]...)
		command.Dir = dir
		command.Env = append(withoutMake(), append(environment, "TAGGED="+tagged, "RELEASE_TOOLS="+tools)...)
		out, err := command.CombinedOutput()
		return string(out), err
	}
	target := func(name string, more ...string) []string {
		return append([]string{"make", "--no-print-directory", "-o", "release-tools", name, "RELEASE_TOOLS=" + tools}, more...)
	}
	for _, tag := range hostileTags {
		tag = strings.ReplaceAll(tag, "RAN", ran)
		ways := map[string]func() (string, error){
			"archives.sh":                func() (string, error) { return call(nil, "test/release/archives.sh", "HEAD", tag, tools+"/out") },
			"manifest.sh":                func() (string, error) { return call(nil, "test/release/manifest.sh", tag) },
			"archives.sh, of the commit": func() (string, error) { return call(nil, "test/release/archives.sh", tag, "v1.2.3", tools+"/out") },
			"inputs.sh":                  func() (string, error) { return call(nil, "test/release/inputs.sh", tag) },
		}
		if tag != "" { // which means what plugin.yaml has
			for _, name := range []string{"release-draft", "release-archives", "release-manifest"} {
				ways[name+", environment"] = func() (string, error) { return call([]string{"RELEASE=" + tag}, target(name)...) }
				ways[name+", argument"] = func() (string, error) { return call(nil, target(name, "RELEASE="+tag)...) }
			}
			ways["release-archives, of the commit"] = func() (string, error) { return call([]string{"COMMIT=" + tag}, target("release-archives")...) }
		}
		for way, try := range ways {
			if out, err := try(); err == nil {
				t.Errorf("%s takes %q: %s", way, tag, out)
			}
			if _, err := os.Stat(tagged); err == nil {
				t.Fatalf("%s goes on with %q", way, tag)
			}
			if _, err := os.Stat(ran); err == nil {
				t.Fatalf("%s runs %q", way, tag)
			}
		}
	}
	for _, tag := range []string{"v1.2.3", "v10.0.0-rc.1"} {
		for _, name := range []string{"release-draft", "release-archives"} {
			out, err := call([]string{"RELEASE=" + tag}, target(name)...)
			if got, _ := os.ReadFile(tagged); string(got) != tag || name == "release-archives" && err != nil {
				t.Errorf("%s of %s is one of %q: %v: %s", name, tag, got, err, out)
			}
			if name == "release-draft" && !strings.Contains(out, "dist/a.tar.gz is not that of plugin.yaml") {
				t.Errorf("archives of another plugin.yaml pass: %s", out)
			}
		}
	}
}

// TestBuildRunsNoTag has git describe, or the environment, say what a tag is
// called.
func TestBuildRunsNoTag(t *testing.T) {
	for _, tag := range []string{"v1'`touch${IFS}RAN`'", "v1';touch${IFS}RAN;'", "v1\";touch${IFS}RAN;\"", "v1$(touch${IFS}RAN)"} {
		dir, tools := workshop(t)
		ran := filepath.Join(tools, "ran")
		tag = strings.ReplaceAll(tag, "RAN", ran)
		if err := os.WriteFile(filepath.Join(tools, "go"), []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >\""+tools+"/called\"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, arguments := range [][]string{{"env", "VERSION=" + tag, "make", "build"}, {"git", "tag", tag}, {"make", "build"}} {
			command := exec.Command(arguments[0], arguments[1:]...)
			command.Dir = dir
			command.Env = append(withoutMake(), "PATH="+tools+":"+os.Getenv("PATH"))
			out, err := command.CombinedOutput()
			if _, ranErr := os.Stat(ran); err != nil || ranErr == nil {
				t.Fatalf("%q: %v: %s", arguments, err, out)
			}
		}
		if called, err := os.ReadFile(tools + "/called"); err != nil || !strings.Contains(string(called), "-X main.version="+tag+"\n") {
			t.Errorf("%v: of %s the linker gets %s", err, tag, called)
		}
	}
}

// TestWorkflowsQuote keeps what somebody can choose out of the text of scripts.
func TestWorkflowsQuote(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are no workflows")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regexp.MustCompile(`(?m)^.*run:.*$`).FindAllString(string(data), -1) {
			if strings.Contains(line, "${{") || regexp.MustCompile(`(^|[^"])\$[A-Z]`).MatchString(line) {
				t.Errorf("%s: %s", file, line)
			}
		}
	}
}
