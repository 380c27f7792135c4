package diagnose

import "github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"

// Display returns the finding in the form that printers take.
func (f Finding) Display() event.Finding {
	return event.Finding{What: f.String(), Logs: f.Logs, Event: f.Event, Next: f.Next}
}
