package retry

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestGateLeftWaiting takes who does not wait any longer out of the queue.
func TestGateLeftWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{limit: 1, under: 1}
		why := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if err := g.enter(ctx); !errors.Is(err, why) {
					t.Errorf("it gives %v", err)
				}
			})
		}
		synctest.Wait()
		if len(g.queue) != 3 {
			t.Fatalf("%d wait", len(g.queue))
		}
		cancel(why)
		group.Wait()
		if len(g.queue) != 0 || g.under != 1 {
			t.Errorf("%d wait and %d are under way", len(g.queue), g.under)
		}
		g.leave(served)
		if err := g.enter(t.Context()); err != nil || g.under != 1 {
			t.Errorf("the next one: %v, %d under way", err, g.under)
		}
	})
}

// TestGateTurnTooLate gives the turn on that came when its context had ended.
func TestGateTurnTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{limit: 1, under: 1}
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- g.enter(ctx) }()
		synctest.Wait()
		go func() { second <- g.enter(t.Context()) }()
		synctest.Wait()
		g.mutex.Lock()
		cancel() // which wakes the first, and has it wait for the mutex,
		g.under--
		g.admit() // and only now it is its turn
		g.mutex.Unlock()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("who has given up gets %v", err)
		}
		if err := <-second; err != nil || g.under != 1 || len(g.queue) != 0 {
			t.Errorf("the next one: %v; %d are under way, %d wait", err, g.under, len(g.queue))
		}
	})
}

// TestGateOrder lets through first who came first.
func TestGateOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{limit: 1, under: 1}
		through := make(chan int, 3)
		for n := range 3 {
			go func() {
				if err := g.enter(t.Context()); err != nil {
					t.Error(err)
				}
				through <- n
			}()
			synctest.Wait()
		}
		for n := range 3 {
			g.leave(served)
			synctest.Wait()
			if got := <-through; got != n || len(through) != 0 {
				t.Errorf("%d went in place of %d, and %d more", got, n, len(through))
			}
		}
	})
}

// TestGateLimit looks at what the limit becomes.
func TestGateLimit(t *testing.T) {
	type step struct {
		answer answer
		count  int
		pause  time.Duration
		want   int
	}
	for _, test := range []struct {
		name  string
		under int
		steps []step
	}{
		{"a few refusals", 80, []step{{turnedAway, 7, 0, 0}, {served, 10, 0, 0}}},
		{"some of many", 80, []step{{served, 30, 0, 0}, {turnedAway, 14, 0, 0}, {turnedAway, 1, 0, 35}}},
		{"old ones", 200, []step{{served, 40, 0, 0}, {turnedAway, 7, 0, 0}, {served, 50, 0, 0}, {turnedAway, 10, 0, 0}}},
		{"all in the beginning", 80, []step{{turnedAway, 7, 0, 0}, {turnedAway, 1, 0, 72}, {turnedAway, 65, 0, 7}}},
		{"never none", 9, []step{{turnedAway, 8, 0, 1}, {turnedAway, 1, 0, 1}}},
		{"it rises by answers", 300, []step{
			{turnedAway, 8, 0, 292}, {turnedAway, 285, 0, 7},
			{served, 31, 0, 7}, {served, 1, 0, 8}, {served, 32, 0, 10}, {turnedAway, 1, 0, 9}, {served, 31, 0, 9}, {served, 1, 0, 10}, {served, 32, 0, 12},
		}},
		{"it rises by time", 30, []step{
			{turnedAway, 8, 0, 22}, {served, 1, 4 * time.Second, 22}, {served, 1, time.Second, 23}, {served, 1, 5 * time.Second, 25}, {served, 1, 5 * time.Second, 29},
			{turnedAway, 1, 0, 28}, {served, 1, 5 * time.Second, 29},
		}},
		{"it ends", 25, []step{
			{turnedAway, 8, 0, 17}, {served, 1, 5 * time.Second, 18}, {served, 1, 5 * time.Second, 20}, {served, 1, 5 * time.Second, 24},
			{served, 1, 5 * time.Second, 32}, {served, 1, 5 * time.Second, 48}, {served, 1, 5 * time.Second, 80}, {served, 1, 5 * time.Second, 0},
		}},
		{"nobody answers", 20, []step{{turnedAway, 8, 0, 12}, {unanswered, 1, 0, 0}, {turnedAway, 7, 0, 0}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gate{under: test.under}
				for n, step := range test.steps {
					time.Sleep(step.pause)
					for range step.count {
						g.leave(step.answer)
					}
					if g.limit != step.want {
						t.Errorf("after step %d the limit is %d, want %d", n+1, g.limit, step.want)
					}
				}
			})
		})
	}
}
