package cluster

import (
	"context"
	"errors"
	"net/url"
	"strings"
)

// ErrTimeout is the cause of a context that --timeout ended. Programs give it
// to context.WithTimeoutCause, so that errors say "timed out" and what was
// waited for; without it they say "context deadline exceeded".
var ErrTimeout = errors.New("timed out")

// CauseOf puts the cause of the context's end, if it has ended, in the place of
// what requests say about that. What had failed before is told, too.
func CauseOf(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return After(FailedBefore(ctx, err), context.Cause(ctx))
}

// After returns an error that is both, and just the second where that is all.
func After(failed, end error) error {
	if failed == nil {
		return end
	}
	return errors.Join(failed, end)
}

// FailedBefore leaves out of an error what only says that the context has ended;
// nil where that is all.
func FailedBefore(ctx context.Context, err error) error {
	if joined, several := err.(interface{ Unwrap() []error }); several {
		var failed []error
		for _, one := range joined.Unwrap() {
			failed = append(failed, FailedBefore(ctx, one))
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
