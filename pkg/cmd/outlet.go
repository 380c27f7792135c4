package cmd

import (
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// outlet is standard output or standard error for everything that does not draw:
// whatever a cluster or a file says, nothing gets to a terminal by it that the
// terminal would act on. Whoever prints a line all the same takes line ends out
// of what is not his own.
type outlet struct {
	to    io.Writer
	mutex sync.Mutex
	form  outputForm
	// half is the beginning of a letter whose rest is still to come.
	half []byte
}

// outputForm is how much of a text may be changed.
type outputForm int

const (
	// forPeople: a space takes the place of what a terminal would act on.
	forPeople outputForm = iota
	// forJSON: it is written as \u202e, which means the same.
	forJSON
	// exact: programs get what there is, as from kubectl.
	exact
)

// wrap gives streams that are safe, and what they are at the end of the command.
func wrap(streams genericiooptions.IOStreams) (genericiooptions.IOStreams, *outlet, *outlet) {
	out, errOut := &outlet{to: streams.Out}, &outlet{to: progress.Wrapping(streams.ErrOut)}
	return genericiooptions.IOStreams{In: streams.In, Out: out, ErrOut: errOut}, out, errOut
}

// bare gives what is behind an outlet, for those who ask whether it is a terminal
// or give it to another program.
func bare(stream io.Writer) io.Writer {
	if o, is := stream.(*outlet); is {
		return o.to
	}
	return stream
}

// setForm chooses the form that a command's flags ask for. A terminal never gets
// what is exact.
func (o *outlet) setForm(command *cobra.Command) {
	form := formOf(command)
	if form == exact && term.IsTerminal(o.to) {
		form = forPeople
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.form = form
}

// tables are the formats of -o that are for people.
var tables = []string{"", "wide", "name", "report", "custom-columns", "custom-columns-file"}

func formOf(command *cobra.Command) outputForm {
	flag := command.Flags().Lookup("output")
	if flag == nil {
		if command.Name() == "logs" || command.Name() == "diff" {
			return exact
		}
		return forPeople
	}
	format, _, _ := strings.Cut(flag.Value.String(), "=")
	switch {
	case slices.Contains(tables, format):
		return forPeople
	case format == "json":
		return forJSON
	}
	return exact
}

// Write keeps back the beginning of a letter.
func (o *outlet) Write(data []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.form == exact && len(o.half) == 0 {
		return o.to.Write(data)
	}
	text := append(o.half, data...)
	whole := len(text)
	for back := 1; back <= min(utf8.UTFMax, len(text)); back++ {
		if at := len(text) - back; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				whole = at
			}
			break
		}
	}
	o.half = slices.Clone(text[whole:])
	if err := o.print(string(text[:whole])); err != nil {
		return 0, err
	}
	return len(data), nil
}

// flush prints the beginning of a letter that was the end.
func (o *outlet) flush() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	_ = o.print(string(o.half))
	o.half = nil
}

func (o *outlet) print(text string) error {
	switch o.form {
	case forPeople:
		text = progress.PrintableLines(text)
	case forJSON:
		text = progress.Escaped(text)
	}
	if text == "" {
		return nil
	}
	_, err := io.WriteString(o.to, text)
	return err
}
