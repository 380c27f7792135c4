// Package grace lets requests end that are under way when a context does, so
// that what is said about them is what happened.
package grace

import (
	"context"
	"time"
)

// Extend gives a context with the values of its parent that outlives the parent
// by a time; its cause is the parent's. Stop must be called once, when everything
// that uses it has ended; it returns when nothing is left of it.
func Extend(parent context.Context, by time.Duration) (extended context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stopped, over := make(chan struct{}), make(chan struct{})
	release := context.AfterFunc(parent, func() {
		defer close(over)
		timer := time.NewTimer(by)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(context.Cause(parent))
		case <-stopped:
		}
	})
	return ctx, func() {
		close(stopped)
		if !release() {
			<-over // it has begun
		}
		cancel(nil)
	}
}
