package install

import (
	"fmt"
	"strings"
)

// InterruptedError says how far an install came before its context ended:
// Applied of Total objects are stored.
type InterruptedError struct {
	// Cause is that of the context's end: ErrTimeout, or what the signal left
	// in the context.
	Cause          error
	Applied, Total int
	// Waiting says what was waited for, if everything was applied.
	Waiting string
}

func (e *InterruptedError) Error() string {
	if e.Applied == 0 {
		return fmt.Sprintf("%v before anything was applied; rerun the same command", e.Cause)
	}
	message := fmt.Sprintf("%v: %d of %d objects applied", e.Cause, e.Applied, e.Total)
	if e.Waiting != "" {
		message += ", " + e.Waiting
	}
	return message + "; rerun the same command to continue"
}

func (e *InterruptedError) Unwrap() error { return e.Cause }

// UnreadyError says what does not run although everything is applied.
type UnreadyError struct {
	// Cause is ErrTimeout, or nil where an object failed for good.
	Cause error
	// Unready has at least one.
	Unready []Unready
}

// Unready is an object and why it does not run.
type Unready struct{ Object, Why string }

func (e *UnreadyError) Error() string {
	var text strings.Builder
	reason := "failed"
	if e.Cause != nil {
		reason = e.Cause.Error()
	}
	for i, object := range e.Unready {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "%s: %s is not ready: %s", reason, object.Object, object.Why)
	}
	return text.String()
}

func (e *UnreadyError) Unwrap() error { return e.Cause }
