package apply

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errStopped = errors.New("stopped by the user")

func TestEachRunsAll(t *testing.T) {
	seen := make([]atomic.Int32, 3*parallel)
	err := each(t.Context(), make(chan struct{}, parallel), nil, len(seen), func(_ context.Context, i int) error {
		seen[i].Add(1)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Errorf("target %d was done %d times", i, n)
		}
	}
}

// TestEachIsBounded counts how many are under way when nothing moves.
func TestEachIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		one, done := make(chan struct{}), make(chan error)
		go func() {
			done <- each(t.Context(), make(chan struct{}, parallel), nil, 2*parallel, func(context.Context, int) error {
				started.Add(1)
				<-one
				return nil
			})
		}()
		for ended := range parallel {
			synctest.Wait()
			if n := int(started.Load()); n != parallel+ended {
				t.Fatalf("%d were started when %d had ended", n, ended)
			}
			one <- struct{}{}
		}
		close(one)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestEachStops has one target fail while as many as may are under way.
func TestEachStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started, ended atomic.Int32
		fail, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
		failure := errors.New("refused")
		go func() {
			done <- each(t.Context(), make(chan struct{}, parallel), nil, 2*parallel, func(ctx context.Context, i int) error {
				started.Add(1)
				if i == 5 {
					<-fail
					return failure
				}
				<-release
				if ctx.Err() == nil {
					ended.Add(1)
				}
				return nil
			})
		}()
		synctest.Wait() // as many as may are under way
		close(fail)
		synctest.Wait()
		if n := started.Load(); n != parallel {
			t.Errorf("%d were started, want %d", n, parallel)
		}
		select {
		case err := <-done:
			t.Errorf("each did not wait for those under way: %v", err)
		default:
		}
		close(release)
		if err := <-done; !errors.Is(err, failure) {
			t.Errorf("the error is %v", err)
		}
		if n := ended.Load(); n != parallel-1 {
			t.Errorf("%d could end undisturbed, want %d", n, parallel-1)
		}
	})
}

// TestEachOrdersErrors has the later target fail first.
func TestEachOrdersErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, done := make(chan struct{}), make(chan error)
		go func() {
			done <- each(t.Context(), make(chan struct{}, parallel), nil, 4, func(_ context.Context, i int) error {
				switch i {
				case 1:
					<-release
				case 3:
				default:
					return nil
				}
				return fmt.Errorf("error %d", i)
			})
		}()
		synctest.Wait()
		close(release)
		if err := <-done; err == nil || err.Error() != "error 1\nerror 3" {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestEachAfterContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStopped)
	err := each(ctx, make(chan struct{}, parallel), nil, 3, func(context.Context, int) error {
		t.Error("a request was started after the end")
		return nil
	})
	if !errors.Is(err, errStopped) {
		t.Errorf("the error is %v", err)
	}
}

// TestEachGrace ends the context while requests are under way.
func TestEachGrace(t *testing.T) {
	for _, test := range []struct {
		name string
		// takes is how long a request goes on after the end.
		takes, want time.Duration
		cut         bool
	}{
		{"ends in time", patience - time.Millisecond, patience - time.Millisecond, false},
		{"does not end", time.Hour, patience, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				var cut atomic.Bool
				done := make(chan error)
				go func() {
					done <- each(ctx, make(chan struct{}, parallel), nil, 2*parallel, func(working context.Context, i int) error {
						if i >= parallel {
							t.Errorf("target %d was started after the end", i)
						}
						<-ctx.Done()
						select {
						case <-time.After(test.takes):
							return nil
						case <-working.Done():
							cut.Store(true)
							return context.Cause(working)
						}
					})
				}()
				synctest.Wait()
				began := time.Now()
				cancel(errStopped)
				if err := <-done; !errors.Is(err, errStopped) {
					t.Errorf("the error is %v", err)
				}
				if took := time.Since(began); took != test.want {
					t.Errorf("it took %s, want %s", took, test.want)
				}
				if cut.Load() != test.cut {
					t.Errorf("requests under way were cut off: %t", cut.Load())
				}
			})
		})
	}
}

// TestEachHalts begins nothing once something else has failed, and tells others
// at once when it fails itself.
func TestEachHalts(t *testing.T) {
	halt, told := &Halt{}, 0
	halt.Then(func() { told++ })
	slots := make(chan struct{}, 1)
	failed := errors.New("refused")
	err := each(t.Context(), slots, halt, 3, func(_ context.Context, i int) error {
		if i > 0 {
			t.Errorf("target %d was started after a failure", i)
		}
		return failed
	})
	if !errors.Is(err, failed) || !halt.Over() || told != 1 {
		t.Errorf("the error is %v, it was told %d times", err, told)
	}
	err = each(t.Context(), slots, halt, 1, func(context.Context, int) error {
		t.Error("it was started all the same")
		return nil
	})
	if !errors.Is(err, ErrHalted) || len(slots) != 0 {
		t.Errorf("the error is %v, and %d slots are taken", err, len(slots))
	}
}

// TestEachTellsWhatHadFailed has the context end after a failure, and cuts
// another one off: that one says nothing but that the context has ended.
func TestEachTellsWhatHadFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		refused := errors.New("refused")
		err := each(ctx, make(chan struct{}, parallel), nil, 3, func(working context.Context, i int) error {
			switch i {
			case 0:
				<-working.Done()
				return fmt.Errorf("cannot write it: %w", working.Err())
			case 1:
				<-working.Done()
				return fmt.Errorf("cannot delete it: %w", context.Cause(working))
			}
			synctest.Wait()
			cancel(errStopped)
			return refused
		})
		if err == nil || err.Error() != "refused\nstopped by the user" || !errors.Is(err, refused) || !errors.Is(err, errStopped) {
			t.Errorf("the error is %v", err)
		}
	})
}
