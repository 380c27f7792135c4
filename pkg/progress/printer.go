package progress

import "github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"

// Printer prints the events of a command while it works. It may be called from
// several goroutines at once.
type Printer interface {
	// Sink takes events, also after Close.
	Sink(event.Event)
	// Remark prints lines in other programs' words.
	Remark(text string)
	// Ask prints a question, behind which the user writes the answer.
	Ask(question string)
	// Fail prints the error that ended the command, and comes last.
	Fail(message string, exitCode int)
	// Close ends what is drawn and what runs in the background, before
	// something else is written to the terminal. What comes after it is
	// printed at once. Closing again does nothing.
	Close()
}
