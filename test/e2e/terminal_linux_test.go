package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// typing runs a command on a terminal of its own, with something typed in
// beforehand. It gives all that the terminal shows.
func (u *user) typing(t *testing.T, typed string, arguments ...string) (output string, code int) {
	t.Helper()
	keyboard, screen := terminal(t)
	command := u.command(t, arguments...)
	command.Stdin, command.Stdout, command.Stderr = screen, screen, screen
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close() // the command has its own, and with it the output ends
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

// terminal gives both ends of a new one: what a person uses, and what a
// program does.
func terminal(t *testing.T) (keyboard, screen *os.File) {
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
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return keyboard, screen
}
