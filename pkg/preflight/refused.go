package preflight

import (
	"fmt"
	"strings"
)

// Failed returns the results that would refuse an install.
func Failed(results []Result) []Result {
	return WithVerdict(results, Fail)
}

// WithVerdict returns the results with a verdict.
func WithVerdict(results []Result, verdict Verdict) []Result {
	var found []Result
	for _, result := range results {
		if result.Verdict == verdict {
			found = append(found, result)
		}
	}
	return found
}

// RefusedError says which checks failed, before the first write. There is at
// least one, each with a remedy.
type RefusedError struct{ Failed []Result }

func (e *RefusedError) Error() string {
	lines := make([]string, len(e.Failed))
	for i, result := range e.Failed {
		lines[i] = fmt.Sprintf("%s; %s", result.Message, result.Remedy)
	}
	return strings.Join(lines, "\n")
}
