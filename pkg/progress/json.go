package progress

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// JSON prints an event a line, as an object; docs/progress.md documents the
// fields, which are an interface.
type JSON struct {
	mutex sync.Mutex
	out   io.Writer
}

// NewJSON prints to out, which is standard error in the program.
func NewJSON(out io.Writer) *JSON { return &JSON{out: out} }

// stamp is what every line begins with.
type stamp struct {
	Time  string `json:"time"`
	Event string `json:"event"`
}

// Sink takes events; it may be called from several goroutines.
func (j *JSON) Sink(e event.Event) {
	name, fields := form(e)
	j.print(name, fields)
}

// Remark prints an event for each line.
func (j *JSON) Remark(text string) {
	for line := range strings.Lines(text) {
		j.print("remark", messageForm{strings.TrimSuffix(line, "\n")})
	}
}

// Ask prints nothing: a program reads what is printed here, and cannot be
// asked.
func (j *JSON) Ask(string) {}

// Fail prints the error as the last event.
func (j *JSON) Fail(message string, exitCode int) {
	var lines []string
	for line := range strings.Lines(message) {
		lines = append(lines, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "error: "))
	}
	j.print("error", errorForm{strings.Join(lines, "\n"), exitCode})
}

// Close does nothing: every line is printed at once.
func (j *JSON) Close() {}

// print prints the stamp and the fields as one object.
func (j *JSON) print(name string, fields any) {
	line := encoded(stamp{time.Now().UTC().Format(time.RFC3339Nano), name})
	if rest := encoded(fields); rest != "{}" {
		line = strings.TrimSuffix(line, "}") + "," + strings.TrimPrefix(rest, "{")
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	fmt.Fprintln(j.out, line)
}

// encoded returns JSON in which what a terminal acts on is escaped, so that it
// does no harm and nothing of it is lost.
func encoded(fields any) string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(fields); err != nil {
		panic(err) // the forms are structs of texts and numbers
	}
	return Escaped(strings.TrimSuffix(buffer.String(), "\n"))
}
