package demo

import (
	"cmp"
	"context"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// What a program leaves out means here what most want: a real run, and nobody
// who is told or asked.

// heard gives a sink that can be called, and to which nothing secret of a URL
// gets.
func heard(sink event.Sink) event.Sink {
	if sink == nil {
		return event.Discard
	}
	return func(e event.Event) { sink(discreet(e)) }
}

func (i *Install) setDefaults() {
	i.Sink, i.DryRun = heard(i.Sink), cmp.Or(i.DryRun, event.DryRunNone)
}

func (u *Uninstall) setDefaults() {
	u.Sink, u.DryRun = heard(u.Sink), cmp.Or(u.DryRun, event.DryRunNone)
}

// limit bounds how long there may be no pod, if Limit does.
func (n Near) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if n.Limit == nil {
		return context.WithCancel(ctx)
	}
	return n.Limit(ctx)
}

// address is the local one.
func (n Near) address() string { return cmp.Or(n.Address, "localhost") }
