package progress

import (
	"io"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Quiet prints, of all that happens, only what the user should know: warnings,
// what of the user's own is deleted, and what is wrong.
type Quiet struct{ *Plain }

// NewQuiet prints to out, which is standard error in the program.
func NewQuiet(out io.Writer) *Quiet { return &Quiet{NewPlain(out)} }

// Sink takes events; it may be called from several goroutines.
func (q *Quiet) Sink(e event.Event) {
	switch e.(type) {
	case event.Warning, event.Diagnosed, event.Stopped, event.Purging:
		q.Plain.Sink(e)
	}
}
