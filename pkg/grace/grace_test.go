package grace

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestExtend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		interrupted := errors.New("interrupted")
		type key struct{}
		parent, interrupt := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
		ctx, stop := Extend(parent, 3*time.Second)
		defer stop()
		if ctx.Value(key{}) != "value" {
			t.Error("what the context carries is lost")
		}
		interrupt(interrupted)
		time.Sleep(2 * time.Second)
		if err := ctx.Err(); err != nil {
			t.Errorf("it ended before its time: %v", err)
		}
		time.Sleep(2 * time.Second)
		if cause := context.Cause(ctx); cause != interrupted {
			t.Errorf("the cause is %v", cause)
		}
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, interrupt := context.WithCancel(t.Context())
		ctx, stop := Extend(parent, time.Hour)
		interrupt()
		synctest.Wait()
		stop()
		if ctx.Err() == nil {
			t.Error("it goes on")
		}
		// The bubble fails where a goroutine is left.
	})
}
