package user

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"
)

// Screen is a terminal of a certain size in which a command runs, with its
// standard output elsewhere.
type Screen struct {
	Stdout bytes.Buffer

	t        *testing.T
	keyboard *os.File
	command  *exec.Cmd
	// ended is closed when the command has closed its end of the terminal.
	ended chan struct{}

	mutex    sync.Mutex
	emulator *vt.Emulator
	raw      strings.Builder
	// changed is closed, and replaced, when something was written.
	changed chan struct{}
}

// OpenScreen runs a command on a screen. Like xterm, the screen does not wrap
// its lines again when it gets narrower.
func (u *User) OpenScreen(t *testing.T, columns, rows int, environment []string, arguments ...string) *Screen {
	t.Helper()
	s := &Screen{t: t, emulator: vt.NewEmulator(columns, rows), ended: make(chan struct{}), changed: make(chan struct{})}
	s.command = u.With(append([]string{"TERM=xterm-256color", "XTERM_VERSION=XTerm(390)"}, environment...)...).Command(t, arguments...)
	s.command.Stdout = &s.Stdout
	s.keyboard = StartOnTerminal(t, s.command, winsize(columns, rows))
	go s.read()
	return s
}

func winsize(columns, rows int) *unix.Winsize {
	return &unix.Winsize{Col: uint16(columns), Row: uint16(rows)}
}

func (s *Screen) read() {
	defer close(s.ended)
	buffer := make([]byte, 4096)
	for {
		n, err := s.keyboard.Read(buffer)
		s.mutex.Lock()
		s.raw.Write(buffer[:n])
		_, _ = s.emulator.Write(buffer[:n])
		close(s.changed)
		s.changed = make(chan struct{})
		s.mutex.Unlock()
		if err != nil {
			return // EIO where the other end is closed
		}
	}
}

// WaitFor waits for something to be on the screen.
func (s *Screen) WaitFor(part string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), Timeout)
	defer cancel()
	for {
		s.mutex.Lock()
		changed := s.changed
		s.mutex.Unlock()
		text := s.Text()
		if strings.Contains(text, part) {
			return
		}
		select {
		case <-changed:
		case <-s.ended:
			if !strings.Contains(s.Text(), part) {
				s.t.Fatalf("%q is never shown, but\n%s", part, s.Text())
			}
		case <-ctx.Done():
			s.t.Fatalf("%q is not shown, but\n%s", part, text)
		}
	}
}

// Wait waits for the end of the command and gives its exit code.
func (s *Screen) Wait() int {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(Timeout):
		s.t.Fatalf("the command does not end:\n%s", s.Text())
	}
	_ = s.command.Wait() // the exit code tells
	return s.command.ProcessState.ExitCode()
}

// Text is what is on the screen, without the empty lines at its end.
func (s *Screen) Text() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var lines []string
	for line := range strings.Lines(s.emulator.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// Output is all that was written, with its escape sequences.
func (s *Screen) Output() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.raw.String()
}

// CursorAtStart reports whether the cursor is shown at the start of a line, where
// a shell can go on.
func (s *Screen) CursorAtStart() bool {
	return !s.emulator.CursorHidden() && s.emulator.CursorPosition().X == 0
}

// Resize changes the size of the screen.
func (s *Screen) Resize(columns, rows int) {
	s.t.Helper()
	s.mutex.Lock()
	s.emulator.Resize(columns, rows)
	s.mutex.Unlock()
	setSize(s.t, s.keyboard, winsize(columns, rows))
}

// Press types something in.
func (s *Screen) Press(keys string) {
	s.t.Helper()
	if _, err := s.keyboard.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}
