package cmd

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// The values of --progress.
const (
	progressAuto  = "auto"
	progressPlain = "plain"
	progressLive  = "live"
	progressJSON  = "json"
	progressNone  = "none"
)

var progressModes = []string{progressAuto, progressPlain, progressLive, progressJSON, progressNone}

// reporter reports on stderr what a command does, in the form that --progress
// selects.
type reporter struct {
	streams genericiooptions.IOStreams
	mode    progressMode
	// logging is set where -v has client-go write to the same terminal.
	logging func() bool
	printer progress.Printer
	// release returns the terminal's signals back.
	release func()
}

func newReporter(streams genericiooptions.IOStreams) *reporter {
	return &reporter{
		streams: streams,
		mode:    progressAuto,
		logging: func() bool { return false },
		release: func() {},
	}
}

// progressMode is the flag's value.
type progressMode string

func (m *progressMode) String() string { return string(*m) }
func (m *progressMode) Type() string   { return "string" }

func (m *progressMode) Set(value string) error {
	if !slices.Contains(progressModes, value) {
		return fmt.Errorf("must be one of %s", strings.Join(progressModes, ", "))
	}
	*m = progressMode(value)
	return nil
}

// addFlag adds --progress to a command.
func (t *reporter) addFlag(flags *pflag.FlagSet) {
	flags.Var(&t.mode, "progress", "Progress output on stderr. One of: ("+strings.Join(progressModes, ", ")+"); auto is live on a terminal and plain elsewhere")
}

// validate refuses to draw where that cannot be.
func (t *reporter) validate() error {
	if t.mode != progressLive {
		return nil
	}
	if why := t.unfit(); why != "" {
		return &usageError{fmt.Errorf("cannot use --progress=live: %s; use --progress=plain", why)}
	}
	return nil
}

// begin returns the printer for a command that has the flag.
func (t *reporter) begin() progress.Printer {
	switch {
	case t.mode == progressJSON:
		t.printer = progress.NewJSON(t.streams.ErrOut)
	case t.mode == progressNone:
		t.printer = progress.NewQuiet(t.streams.ErrOut)
	case t.mode == progressLive, t.mode == progressAuto && t.unfit() == "" && !t.logging() && !inCI():
		t.printer = t.live()
	default:
		t.printer = progress.NewPlain(t.streams.ErrOut)
	}
	return t.printer
}

// current returns the printer that was begun, or the one for messages
// outside of it.
func (t *reporter) current() progress.Printer {
	switch {
	case t.printer != nil:
		return t.printer
	case t.mode == progressJSON:
		return progress.NewJSON(t.streams.ErrOut)
	}
	return progress.NewPlain(t.streams.ErrOut)
}

// close ends what the printer draws.
func (t *reporter) close() {
	t.current().Close()
	t.release()
}

// unfit says why nothing can be redrawn on standard error; it is empty where
// it can be.
func (t *reporter) unfit() string {
	file, ok := t.streams.ErrOut.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return "stderr is not a terminal"
	}
	if name := os.Getenv("TERM"); name == "" || name == "dumb" {
		return fmt.Sprintf("the terminal cannot move its cursor (TERM=%s)", progress.Printable(name))
	}
	if columns, rows, err := term.GetSize(int(file.Fd())); err != nil || columns <= 0 || rows <= 0 {
		return "the terminal does not report its size"
	}
	return ""
}

// inCI reports whether a CI system shows the terminal as a log, in which each
// redrawing would be lines of its own.
func inCI() bool {
	value := os.Getenv("CI")
	return value != "" && value != "false"
}

// live draws on standard error, which is a terminal.
func (t *reporter) live() progress.Printer {
	file, _ := t.streams.ErrOut.(*os.File)
	fd := int(file.Fd())
	resumed, release := resumptions()
	t.release = release
	return progress.NewLive(progress.Terminal{
		Out: file,
		Size: func() (columns, rows int) {
			columns, rows, _ = term.GetSize(fd)
			return columns, rows
		},
		Foreground: func() bool { return inForeground(fd) },
		Resumed:    resumed,
		Colours:    os.Getenv("NO_COLOR") == "", // https://no-color.org
		Reflows:    reflows(),
	})
}

// reflows reports whether the terminal rewraps lines when it gets narrower.
// Of those in wide use only xterm and screen do not, and say who they are.
func reflows() bool {
	return os.Getenv("TMUX") != "" || os.Getenv("XTERM_VERSION") == "" && os.Getenv("STY") == ""
}
