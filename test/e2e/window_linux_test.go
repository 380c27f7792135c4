package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"
)

// window is a terminal of a certain size in which a command runs, with its
// standard output elsewhere.
type window struct {
	t        *testing.T
	keyboard *os.File
	command  *exec.Cmd
	stdout   bytes.Buffer
	// ended is closed when the command has closed its end of the terminal.
	ended chan struct{}

	mutex sync.Mutex
	shown *vt.Emulator
	raw   strings.Builder
	// changed is closed, and replaced, when something was written.
	changed chan struct{}
}

// open runs a command in a window. Like xterm, the window does not break its
// lines anew when it gets narrower.
func (u *user) open(t *testing.T, columns, rows int, environment []string, arguments ...string) *window {
	t.Helper()
	keyboard, screen := terminal(t)
	w := &window{t: t, keyboard: keyboard, shown: vt.NewEmulator(columns, rows), ended: make(chan struct{}), changed: make(chan struct{})}
	w.tellSize(columns, rows)
	w.command = u.command(t, arguments...)
	w.command.Env = append(append(w.command.Env, "TERM=xterm-256color", "XTERM_VERSION=XTerm(390)"), environment...)
	w.command.Stdin, w.command.Stdout, w.command.Stderr = screen, &w.stdout, screen
	w.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := w.command.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close() // the command has its own, and with it the output ends
	go w.read()
	return w
}

func (w *window) read() {
	defer close(w.ended)
	buffer := make([]byte, 4096)
	for {
		n, err := w.keyboard.Read(buffer)
		w.mutex.Lock()
		w.raw.Write(buffer[:n])
		_, _ = w.shown.Write(buffer[:n])
		close(w.changed)
		w.changed = make(chan struct{})
		w.mutex.Unlock()
		if err != nil {
			return // EIO where the other end is closed
		}
	}
}

// until waits for something to be on the screen.
func (w *window) until(part string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), commandTimeout)
	defer cancel()
	for {
		w.mutex.Lock()
		changed := w.changed
		w.mutex.Unlock()
		text := w.text()
		if strings.Contains(text, part) {
			return
		}
		select {
		case <-changed:
		case <-w.ended:
			if !strings.Contains(w.text(), part) {
				w.t.Fatalf("%q is never shown, but\n%s", part, w.text())
			}
		case <-ctx.Done():
			w.t.Fatalf("%q is not shown, but\n%s", part, text)
		}
	}
}

// wait waits for the command's end and gives its exit code.
func (w *window) wait() int {
	w.t.Helper()
	select {
	case <-w.ended:
	case <-time.After(commandTimeout):
		w.t.Fatalf("the command does not end:\n%s", w.text())
	}
	_ = w.command.Wait() // the exit code tells
	return w.command.ProcessState.ExitCode()
}

// text gives the lines on the screen, without the empty ones at its end.
func (w *window) text() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var lines []string
	for line := range strings.Lines(w.shown.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// written gives all that was written.
func (w *window) written() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.raw.String()
}

func (w *window) resize(columns, rows int) {
	w.t.Helper()
	w.mutex.Lock()
	w.shown.Resize(columns, rows)
	w.mutex.Unlock()
	w.tellSize(columns, rows)
}

func (w *window) tellSize(columns, rows int) {
	w.t.Helper()
	size := &unix.Winsize{Col: uint16(columns), Row: uint16(rows)}
	if err := unix.IoctlSetWinsize(int(w.keyboard.Fd()), unix.TIOCSWINSZ, size); err != nil {
		w.t.Fatal(err)
	}
}

// press types something in.
func (w *window) press(keys string) {
	w.t.Helper()
	if _, err := w.keyboard.WriteString(keys); err != nil {
		w.t.Fatal(err)
	}
}
