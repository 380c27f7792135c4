package cluster

import (
	"context"
	"time"

	"k8s.io/klog/v2"
)

// traced is the verbosity (-v) from which on phases are logged.
const traced = 2

// Trace logs how long something took, when what it returns is called. Phases
// overlap; the log's own time is when they end.
func Trace(ctx context.Context, name string) func() {
	logger := klog.FromContext(ctx).V(traced)
	if !logger.Enabled() {
		return func() {}
	}
	began := time.Now()
	return func() { logger.Info("Phase", "phase", name, "took", time.Since(began).Round(time.Millisecond)) }
}
