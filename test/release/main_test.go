// Package release tries a release before it is one: it builds the archives,
// holds plugin.yaml against them, and has the real krew install, upgrade and
// remove them. `make release-test` builds what it needs and names it in TOOLS
// (the folder of the control plane's binaries) and RELEASE_TOOLS (that of
// goreleaser, krew and krew's validator). RELEASE_TAG is set when the commit
// is about to be released under that name; it must be plugin.yaml's then.
package release

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	root = "../.."
	// patience is longer than the archives take on a slow machine that has
	// compiled nothing yet.
	patience = 40 * time.Minute
)

var (
	tools        = os.Getenv("TOOLS")
	releaseTools = os.Getenv("RELEASE_TOOLS")
	// scratch is where the archives of this run are.
	scratch string
)

func TestMain(m *testing.M) {
	if tools == "" || releaseTools == "" {
		fmt.Fprintln(os.Stderr, "TOOLS and RELEASE_TOOLS are not set: run make release-test")
		os.Exit(1)
	}
	var err error
	if scratch, err = os.MkdirTemp("", "istio-demo-release"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

// run runs a program of the repository and gives its standard output.
func run(environment []string, name string, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir, command.Env = root, append(os.Environ(), environment...)
	var stderr strings.Builder
	command.Stderr = &stderr
	stdout, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(arguments, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(stdout)), nil
}

// git asks the repository.
func git(t *testing.T, arguments ...string) string {
	t.Helper()
	answer, err := run(nil, "git", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// archives builds the archives of a version from a commit, of all platforms
// unless one is named, and gives their folder.
func archives(environment []string, commit, version string, platform ...string) (string, error) {
	folder, err := os.MkdirTemp(scratch, version+"-")
	if err != nil {
		return "", err
	}
	_, err = run(environment, "test/release/archives.sh", append([]string{commit, version, folder}, platform...)...)
	return folder, err
}

// head are the archives of what is committed, as the version of plugin.yaml.
var head = sync.OnceValues(func() (string, error) {
	manifest, err := read(filepath.Join(root, "plugin.yaml"))
	if err != nil {
		return "", err
	}
	return archives(nil, "HEAD", manifest.Spec.Version)
})

// built gives the folder of head.
func built(t *testing.T) string {
	t.Helper()
	begin := time.Now()
	folder, err := head()
	if err != nil {
		t.Fatal(err)
	}
	if git(t, "status", "--porcelain") != "" {
		t.Log("what is not committed is not tried: the archives are those of HEAD")
	}
	t.Logf("the archives of HEAD are there after %s", time.Since(begin).Round(time.Second))
	return folder
}
