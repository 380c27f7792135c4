// Package user runs commands as a user does: with a home of its own, kubectl and
// the plugin on PATH, and a kubeconfig.
package user

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

// The programs, where make has built them.
var (
	// Tools is the folder of the control plane's binaries, kubectl and istioctl.
	Tools = os.Getenv("TOOLS")
	// Plugin is the program.
	Plugin = os.Getenv("PLUGIN")
	// RacePlugin is the program with the race detector in it.
	RacePlugin = os.Getenv("RACE_PLUGIN")
)

// Timeout is longer than any command takes that does not hang.
const Timeout = 4 * time.Minute

// User has an environment, and a folder in which commands run.
type User struct {
	Environment []string
	Dir         string
}

// New is a user of the cluster of a kubeconfig.
func New(t *testing.T, kubeconfig string) *User {
	t.Helper()
	home := t.TempDir()
	u := &User{Dir: home, Environment: []string{"HOME=" + home, "KUBECONFIG=" + kubeconfig, "PATH=/usr/bin:/bin"}}
	u.PrependPath(Tools)
	u.PrependPath(filepath.Dir(Plugin))
	return u
}

// PrependPath puts a folder before the others on PATH.
func (u *User) PrependPath(folder string) {
	for i, variable := range u.Environment {
		if list, is := strings.CutPrefix(variable, "PATH="); is {
			u.Environment[i] = "PATH=" + folder + string(os.PathListSeparator) + list
		}
	}
}

// With is the same user with more environment variables.
func (u *User) With(environment ...string) *User {
	return &User{Dir: u.Dir, Environment: append(u.Environment[:len(u.Environment):len(u.Environment)], environment...)}
}

// Result is what a command printed, and its exit code.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Summary is the line in which install counts what it did.
func (r Result) Summary() string {
	return regexp.MustCompile(`(?m)^\d+ created, \d+ configured, \d+ unchanged(, \d+ pruned)? in .*$`).FindString(r.Stderr)
}

// Errors are the lines of standard error that begin with "error".
func (r Result) Errors() []string {
	var found []string
	for line := range strings.Lines(r.Stderr) {
		if line = strings.TrimSpace(line); strings.HasPrefix(strings.ToLower(line), "error") {
			found = append(found, line)
		}
	}
	return found
}

// Run runs a command and waits for it.
func (u *User) Run(t *testing.T, arguments ...string) Result {
	t.Helper()
	return u.Pipe(t, "", arguments...)
}

// Pipe runs a command with a standard input.
func (u *User) Pipe(t *testing.T, stdin string, arguments ...string) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := u.Command(t, arguments...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", strings.Join(arguments, " "), err)
	}
	return Result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// Must runs a command that has to succeed, and gives its standard output.
func (u *User) Must(t *testing.T, arguments ...string) string {
	t.Helper()
	return u.MustPipe(t, "", arguments...)
}

// MustPipe runs a command with a standard input that has to succeed, and gives
// its standard output.
func (u *User) MustPipe(t *testing.T, stdin string, arguments ...string) string {
	t.Helper()
	got := u.Pipe(t, stdin, arguments...)
	if got.Code != 0 {
		t.Fatalf("%s: exit code %d\nstdout: %s\nstderr: %s", strings.Join(arguments, " "), got.Code, got.Stdout, got.Stderr)
	}
	return got.Stdout
}

// Until runs a command until a condition on its result holds. It is for what
// cannot be watched, such as the moment from which a policy is in force.
func (u *User) Until(t *testing.T, holds func(Result) bool, arguments ...string) Result {
	t.Helper()
	deadline := time.Now().Add(Timeout)
	for {
		got := u.Run(t, arguments...)
		if holds(got) {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: exit code %d after %s\n%s%s", strings.Join(arguments, " "), got.Code, Timeout, got.Stdout, got.Stderr)
		}
	}
}

// Succeeds is a condition for Until.
func Succeeds(got Result) bool { return got.Code == 0 }

// Fails is a condition for Until.
func Fails(got Result) bool { return got.Code != 0 }

// Prints is a condition for Until: the output matches a pattern.
func Prints(pattern string) func(Result) bool {
	matcher := regexp.MustCompile(pattern)
	return func(got Result) bool { return matcher.MatchString(got.Stdout + got.Stderr) }
}

// Command makes a command that is found on the user's PATH and killed when the
// test ends.
func (u *User) Command(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	path := arguments[0]
	for _, variable := range u.Environment {
		if list, is := strings.CutPrefix(variable, "PATH="); is && !filepath.IsAbs(path) {
			path = LookPath(list, arguments[0])
		}
	}
	if path == "" {
		t.Fatalf("%s is not on the user's PATH", arguments[0])
	}
	ctx, cancel := context.WithTimeout(t.Context(), Timeout)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, path, arguments[1:]...)
	command.Env, command.Dir = u.Environment, u.Dir
	return command
}

// LookPath finds a program in a list of folders.
func LookPath(list, name string) string {
	for _, folder := range filepath.SplitList(list) {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return path
		}
	}
	return ""
}

// Uninstall removes an installation, also when the test's context has ended.
func (u *User) Uninstall(t *testing.T, namespace string) {
	t.Helper()
	command := exec.Command(Plugin, "uninstall", "--yes", "-n", namespace)
	command.Env, command.Dir = u.Environment, u.Dir
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("uninstall: %v\n%s", err, output)
	}
}

// File writes a file that is gone with the test, and gives its path.
func File(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
