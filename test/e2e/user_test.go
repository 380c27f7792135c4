package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// user is somebody with a terminal: a home of their own, kubectl and the
// plugin on PATH, and a kubeconfig.
type user struct {
	environment []string
	// dir is where commands run.
	dir string
}

func newUser(t *testing.T, kubeconfig string) *user {
	t.Helper()
	home := t.TempDir()
	return &user{
		dir: home,
		environment: []string{
			"HOME=" + home,
			"KUBECONFIG=" + kubeconfig,
			"PATH=" + strings.Join([]string{filepath.Dir(plugin), tools, "/usr/bin", "/bin"}, string(os.PathListSeparator)),
		},
	}
}

// result is what a command left.
type result struct {
	stdout, stderr string
	code           int
}

// run runs a command and waits for it.
func (u *user) run(t *testing.T, arguments ...string) result {
	t.Helper()
	return u.runWith(t, "", arguments...)
}

// runWith runs a command with a standard input.
func (u *user) runWith(t *testing.T, stdin string, arguments ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := u.command(t, arguments...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", strings.Join(arguments, " "), err)
	}
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// commandTimeout is longer than anything takes that does not hang.
const commandTimeout = 2 * time.Minute

// command makes a command that is found on the user's PATH and killed when
// the test ends.
func (u *user) command(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	path := arguments[0]
	for _, variable := range u.environment {
		if list, ok := strings.CutPrefix(variable, "PATH="); ok && !filepath.IsAbs(path) {
			path = find(list, arguments[0])
		}
	}
	if path == "" {
		t.Fatalf("%s is not on the user's PATH", arguments[0])
	}
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, path, arguments[1:]...)
	command.Env, command.Dir = u.environment, u.dir
	return command
}

func find(list, name string) string {
	for _, folder := range filepath.SplitList(list) {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return path
		}
	}
	return ""
}

// must runs a command that has to succeed and gives its standard output.
func (u *user) must(t *testing.T, arguments ...string) string {
	t.Helper()
	got := u.run(t, arguments...)
	if got.code != 0 {
		t.Fatalf("%s: exit code %d\nstdout: %s\nstderr: %s", strings.Join(arguments, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// summary gives the line in which install counts what it did.
func summary(stderr string) string {
	return regexp.MustCompile(`(?m)^\d+ created, \d+ configured, \d+ unchanged(, \d+ pruned)? in .*$`).FindString(stderr)
}

// errorLines gives the lines that tell an error.
func errorLines(stderr string) []string {
	var found []string
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); strings.HasPrefix(strings.ToLower(line), "error") {
			found = append(found, line)
		}
	}
	return found
}
