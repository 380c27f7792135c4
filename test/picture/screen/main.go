// Screen runs a command on a terminal and prints what is on it in the end,
// with its colours: screen COLUMNS COMMAND [ARGUMENT ...]
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// rows are more than any of the commands fills.
const rows = 100

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "screen:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("screen COLUMNS COMMAND [ARGUMENT ...]")
	}
	columns, err := strconv.ParseUint(arguments[0], 10, 16)
	if err != nil {
		return err
	}
	command := exec.Command(arguments[1], arguments[2:]...)
	// A terminal as people have one, wherever this runs; of two values, the
	// later one counts.
	command.Env = append(os.Environ(), "TERM=xterm-256color", "XTERM_VERSION=XTerm(390)", "CI=", "NO_COLOR=")
	terminal, err := pty.StartWithSize(command, &pty.Winsize{Cols: uint16(columns), Rows: rows})
	if err != nil {
		return err
	}
	shown := vt.NewEmulator(int(columns), rows)
	if _, err := io.Copy(shown, terminal); err != nil && !errors.Is(err, syscall.EIO) { // EIO where the command has ended
		return err
	}
	var exit *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	for line := range strings.Lines(strings.TrimRight(shown.Render(), " \r\n")) {
		fmt.Println(strings.TrimRight(line, " \r\n"))
	}
	return nil
}
