package demo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// ErrTimeout is the cause of a context that --timeout ended. Programs give it
// to context.WithTimeoutCause, so that errors say "timed out" and what was
// waited for; without it they say "context deadline exceeded".
var ErrTimeout = errors.New("timed out")

// InputError is a fault of the manifest or the values. Nothing was sent to
// the cluster that would change it.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

// RefusedError says which checks failed, before the first write. There is at
// least one, each with a remedy.
type RefusedError struct{ Failed []preflight.Result }

func (e *RefusedError) Error() string {
	lines := make([]string, len(e.Failed))
	for i, result := range e.Failed {
		lines[i] = fmt.Sprintf("%s; %s", result.Message, result.Remedy)
	}
	return strings.Join(lines, "\n")
}

// ended puts the cause of the context's end, if it has ended, in the place of
// what requests say about that. What had failed before is told, too.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return after(failedBefore(ctx, err), context.Cause(ctx))
}

// after gives an error that is both, and just the second where that is all.
func after(failed, end error) error {
	if failed == nil {
		return end
	}
	return errors.Join(failed, end)
}

// failedBefore leaves out of an error what only says that the context has ended;
// nil where that is all.
func failedBefore(ctx context.Context, err error) error {
	if joined, several := err.(interface{ Unwrap() []error }); several {
		var failed []error
		for _, one := range joined.Unwrap() {
			failed = append(failed, failedBefore(ctx, one))
		}
		return errors.Join(failed...)
	}
	if errors.Is(err, context.Cause(ctx)) || errors.Is(err, ctx.Err()) || errors.Is(err, context.Canceled) || loginFailed(err) {
		return nil
	}
	return err
}

// loginFailed tells errors of what gets credentials. Ctrl-C ends that, too, and
// then it says only what everybody knows. client-go has no type for them
// (plugin/pkg/client/auth/exec).
func loginFailed(err error) bool {
	var transport *url.Error
	return errors.As(err, &transport) && strings.HasPrefix(transport.Err.Error(), "getting credentials: ")
}

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
		return fmt.Sprintf("%v before anything was applied; run the same command again", e.Cause)
	}
	message := fmt.Sprintf("%v: %d of %d objects are applied", e.Cause, e.Applied, e.Total)
	if e.Waiting != "" {
		message += ", " + e.Waiting
	}
	return message + "; run the same command again to go on"
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
