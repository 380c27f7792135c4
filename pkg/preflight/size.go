package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// MaxSize is what etcd takes in a request unless it is told to take more
// (--max-request-bytes).
const MaxSize = 3 << 19

// size finds objects that etcd does not store. No dry run does: it ends before.
func size(_ context.Context, s *survey) ([]Result, error) {
	var large []string
	for _, what := range slices.Sorted(maps.Keys(s.Sizes)) {
		if bytes := s.Sizes[what]; bytes > MaxSize {
			large = append(large, fmt.Sprintf("%s (%.1f MiB)", what, float64(bytes)/(1<<20)))
		}
	}
	if len(large) == 0 {
		return passed("no object is too large for etcd"), nil
	}
	return []Result{{
		Verdict: Fail,
		Message: fmt.Sprintf("too large for etcd, which stores at most %.1f MiB unless it is configured otherwise: %s", float64(MaxSize)/(1<<20), shortList(large)),
		Remedy:  "shorten it, such as the descriptions in its schema, or split it (--skip-checks=size continues anyway)",
	}}, nil
}
