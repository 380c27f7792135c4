package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
)

// timeLimit is the flag --timeout.
type timeLimit time.Duration

func (t *timeLimit) addFlag(flags *pflag.FlagSet, preset time.Duration, usage string) {
	flags.DurationVar((*time.Duration)(t), "timeout", preset, usage)
}

// validate refuses a time in which nothing can be done. remedy is what else
// there is for those who want none.
func (t timeLimit) validate(remedy string) error {
	if t > 0 {
		return nil
	}
	return &usageError{errors.New("--timeout must be longer than 0" + remedy)}
}

// limit ends a context after the time, with cluster.ErrTimeout as its cause.
func (t timeLimit) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	after := time.Duration(t)
	return context.WithTimeoutCause(ctx, after, fmt.Errorf("%w after %s", cluster.ErrTimeout, after))
}
