package access

import (
	"context"
	"errors"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
)

// TestLocal has an empty local end be a free port of localhost, without a bound.
func TestLocal(t *testing.T) {
	ctx, cancel := (Local{}).limit(t.Context())
	if _, bounded := ctx.Deadline(); bounded || ctx.Err() != nil || (Local{}).address() != "localhost" {
		t.Errorf("an empty near end is %s, bounded: %t", (Local{}).address(), bounded)
	}
	cancel()
	near := Local{Address: "127.0.0.2", Limit: func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(ctx, 0, cluster.ErrTimeout)
	}}
	ctx, cancel = near.limit(t.Context())
	defer cancel()
	if !errors.Is(context.Cause(ctx), cluster.ErrTimeout) || near.address() != "127.0.0.2" {
		t.Errorf("the bound is %v, the address %s", context.Cause(ctx), near.address())
	}
}
