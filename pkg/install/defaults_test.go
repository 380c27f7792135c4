package install

import (
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestDefaults leaves everything out that can be: nothing may panic, nor be a dry
// run that was not asked for; and then keeps what is given.
func TestDefaults(t *testing.T) {
	install := &Install{}
	install.setDefaults()
	install.Sink(event.Checked{})
	if install.DryRun != event.DryRunNone {
		t.Errorf("the dry run is %q", install.DryRun)
	}
	events := 0
	install = &Install{DryRun: event.DryRunServer, Sink: func(event.Event) { events++ }}
	install.setDefaults()
	install.Sink(event.Checked{})
	if events != 1 || install.DryRun != event.DryRunServer {
		t.Errorf("the dry run is %q, and %d events came", install.DryRun, events)
	}
}
