package user

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// Process is a command that runs until it is told to end.
type Process struct {
	Command        *exec.Cmd
	Stdout, Stderr *bufio.Scanner
	// read is what WaitFor has read of standard error.
	read []string
}

// Start starts a command.
func (u *User) Start(t *testing.T, arguments ...string) *Process {
	t.Helper()
	p := &Process{Command: u.Command(t, arguments...)}
	p.Stdout, p.Stderr = bufio.NewScanner(pipe(t, p.Command.StdoutPipe)), bufio.NewScanner(pipe(t, p.Command.StderrPipe))
	if err := p.Command.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func pipe(t *testing.T, open func() (io.ReadCloser, error)) io.Reader {
	t.Helper()
	end, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// URL is the first line of standard output.
func (p *Process) URL(t *testing.T) string {
	t.Helper()
	if !p.Stdout.Scan() {
		t.Fatalf("it printed no URL, but\n%s", strings.Join(append(p.read, lines(p.Stderr)...), "\n"))
	}
	return p.Stdout.Text()
}

// WaitFor reads standard error up to a line that matches.
func (p *Process) WaitFor(t *testing.T, pattern string) {
	t.Helper()
	for p.Stderr.Scan() {
		p.read = append(p.read, p.Stderr.Text())
		if regexp.MustCompile("^" + pattern + "$").MatchString(p.Stderr.Text()) {
			return
		}
	}
	t.Fatalf("no line is like %s:\n%s", pattern, strings.Join(p.read, "\n"))
}

// End sends a signal and waits for the end. What was read before is not in the
// result.
func (p *Process) End(t *testing.T, signal os.Signal) Result {
	t.Helper()
	if err := p.Command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	return p.Wait()
}

// Wait waits for the end.
func (p *Process) Wait() Result {
	var got Result
	for _, line := range lines(p.Stdout) {
		got.Stdout += line + "\n"
	}
	for _, line := range lines(p.Stderr) {
		got.Stderr += line + "\n"
	}
	_ = p.Command.Wait() // the exit code is in the result
	got.Code = p.Command.ProcessState.ExitCode()
	return got
}

func lines(of *bufio.Scanner) (found []string) {
	for of.Scan() {
		found = append(found, of.Text())
	}
	return found
}

// Interrupt ends a process with Ctrl-C that is meant to end like that.
func (p *Process) Interrupt(t *testing.T) {
	t.Helper()
	if got := p.End(t, syscall.SIGINT); got.Code != 0 || got.Stdout != "" || strings.Contains(got.Stderr, "error") {
		t.Errorf("after Ctrl-C: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}
