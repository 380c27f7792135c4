package progress

import (
	"io"
	"os"
	"regexp"
	"strings"

	"golang.org/x/term"
)

// Wrapping returns a writer that wraps lines at words to the width of the
// terminal that out is. Anything else than a terminal is returned as it is.
// A line must be written at once.
func Wrapping(out io.Writer) io.Writer {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return out
	}
	return wrapper{out, func() int { return Columns(file) }}
}

type wrapper struct {
	out     io.Writer
	columns func() int
}

func (w wrapper) Write(text []byte) (int, error) {
	columns := w.columns()
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = wrapLine(line, columns)
	}
	if _, err := io.WriteString(w.out, strings.Join(lines, "\n")); err != nil {
		return 0, err
	}
	return len(text), nil
}

var (
	// unbroken is a word, or a command in single quotes, and the spaces after it.
	unbroken = regexp.MustCompile(`([("]?'[^']+'\S*|\S+) *`)
	// lastCommand is a command without quotes, up to the end of the line.
	lastCommand = regexp.MustCompile(`(?:^|: ) *(kubectl .*)`)
)

// wrapLine breaks a line that does not fit at words, with a hanging indent.
// Commands to paste stay whole, even if they are too long for any line. The last
// column stays empty, as in the live view; 0 columns are an unknown width.
func wrapLine(line string, columns int) string {
	if columns <= 0 || columnsOf(line) < columns {
		return line
	}
	command := ""
	if at := lastCommand.FindStringSubmatchIndex(line); at != nil {
		line, command = line[:at[2]], line[at[2]:]
	}
	text := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(text)]
	parts := unbroken.FindAllString(text, -1)
	if command != "" {
		parts = append(parts, command)
	}
	var wrapped strings.Builder
	used, gap := 0, indent
	for i, part := range parts {
		word := strings.TrimRight(part, " ")
		if i > 0 && used+len(gap)+columnsOf(word) >= columns {
			used, gap = -1, "\n"+indent+indentation
		}
		wrapped.WriteString(gap + word)
		used += len(gap) + columnsOf(word)
		gap = part[len(word):]
	}
	return wrapped.String() + gap
}
