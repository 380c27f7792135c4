package redact

import (
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// What a program leaves out means here what most want: a real run, and nobody
// who is told or asked.

// Sink returns a sink that can be called, and to which nothing secret of a URL
// gets.
func Sink(sink event.Sink) event.Sink {
	if sink == nil {
		return event.Discard
	}
	return func(e event.Event) { sink(withoutSecrets(e)) }
}

// discreet gives an event without what Text takes from texts that can
// repeat an error or an argument.
func withoutSecrets(e event.Event) event.Event {
	switch e := e.(type) {
	case event.Started:
		e.What, e.Server = Text(e.What), URL(e.Server)
		return e
	case event.Uninstalling:
		e.What, e.Server = Text(e.What), URL(e.Server)
		return e
	case event.Warning:
		e.Message = Text(e.Message)
		return e
	case event.Kept:
		e.Why = Text(e.Why)
		return e
	case event.Waiting:
		e.Message = Text(e.Message)
		return e
	case event.Retrying:
		e.Reason = Text(e.Reason)
		return e
	case event.ForwardBroken:
		e.Why = Text(e.Why)
		return e
	}
	return e
}
