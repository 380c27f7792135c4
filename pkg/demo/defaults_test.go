package demo

import (
	"context"
	"errors"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestDefaults leaves everything out that can be: nothing may panic, and
// nothing be a dry run that was not asked for.
func TestDefaults(t *testing.T) {
	install, uninstall := &Install{}, &Uninstall{}
	install.setDefaults()
	uninstall.setDefaults()
	install.Sink(event.Checked{})
	uninstall.Sink(event.Checked{})
	if install.DryRun != event.DryRunNone || uninstall.DryRun != event.DryRunNone {
		t.Errorf("got dry runs %q and %q", install.DryRun, uninstall.DryRun)
	}
	ctx, cancel := (Near{}).limit(t.Context())
	if _, bounded := ctx.Deadline(); bounded || ctx.Err() != nil || (Near{}).address() != "localhost" {
		t.Errorf("an empty near end is %s, bounded: %t", (Near{}).address(), bounded)
	}
	cancel()
}

// TestNoDefaults keeps what is given.
func TestNoDefaults(t *testing.T) {
	told := 0
	sink := func(event.Event) { told++ }
	install := &Install{DryRun: event.DryRunServer, Sink: sink}
	uninstall := &Uninstall{DryRun: event.DryRunClient, Sink: sink, Confirm: func(Removal) error { return ErrDeclined }}
	install.setDefaults()
	uninstall.setDefaults()
	install.Sink(event.Checked{})
	uninstall.Sink(event.Checked{})
	if told != 2 || install.DryRun != event.DryRunServer || uninstall.DryRun != event.DryRunClient {
		t.Errorf("got dry runs %q and %q, and %d were told", install.DryRun, uninstall.DryRun, told)
	}
	if err := uninstall.Confirm(Removal{}); !errors.Is(err, ErrDeclined) {
		t.Errorf("the answer is %v", err)
	}
	near := Near{Address: "127.0.0.2", Limit: func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(ctx, 0, ErrTimeout)
	}}
	ctx, cancel := near.limit(t.Context())
	defer cancel()
	if !errors.Is(context.Cause(ctx), ErrTimeout) || near.address() != "127.0.0.2" {
		t.Errorf("the bound is %v, the address %s", context.Cause(ctx), near.address())
	}
}
