package user

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// RunOnTerminal runs a command on a terminal of its own, with something typed in
// beforehand. It gives all that the terminal shows.
func (u *User) RunOnTerminal(t *testing.T, typed string, arguments ...string) (output string, code int) {
	t.Helper()
	return u.runOnTerminal(t, nil, typed, arguments...)
}

// RunOnTerminalOf does the same on a terminal with so many columns, with nothing
// typed in.
func (u *User) RunOnTerminalOf(t *testing.T, columns int, arguments ...string) (output string, code int) {
	t.Helper()
	return u.runOnTerminal(t, winsize(columns, 50), "", arguments...)
}

func (u *User) runOnTerminal(t *testing.T, size *unix.Winsize, typed string, arguments ...string) (output string, code int) {
	t.Helper()
	command := u.Command(t, arguments...)
	keyboard := StartOnTerminal(t, command, size)
	if _, err := io.WriteString(keyboard, typed); err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if _, err := io.Copy(&shown, keyboard); err != nil && !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	_ = command.Wait() // the exit code tells
	return shown.String(), command.ProcessState.ExitCode()
}

// StartOnTerminal starts a command on a new terminal, with those standard
// streams that lead nowhere yet, and gives the end that a person uses. Reading
// from it fails when the command has ended.
func StartOnTerminal(t *testing.T, command *exec.Cmd, size *unix.Winsize) (keyboard *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if size != nil {
		setSize(t, keyboard, size)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close() // the command has its own, and with it the output ends
	command.Stdin, command.Stderr = screen, screen
	if command.Stdout == nil {
		command.Stdout = screen
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return keyboard
}

func setSize(t *testing.T, keyboard *os.File, size *unix.Winsize) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(keyboard.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
}
