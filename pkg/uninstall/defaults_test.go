package uninstall

import (
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestUninstallDefaults leaves everything out that can be, and then keeps what is given.
func TestUninstallDefaults(t *testing.T) {
	uninstall := &Uninstall{}
	uninstall.setDefaults()
	uninstall.Sink(event.Checked{})
	if uninstall.DryRun != event.DryRunNone {
		t.Errorf("the dry run is %q", uninstall.DryRun)
	}
	events := 0
	uninstall = &Uninstall{DryRun: event.DryRunClient, Sink: func(event.Event) { events++ }}
	uninstall.setDefaults()
	uninstall.Sink(event.Checked{})
	if events != 1 || uninstall.DryRun != event.DryRunClient {
		t.Errorf("the dry run is %q, and %d events came", uninstall.DryRun, events)
	}
}
