package decode

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

const (
	// maxAlike is how many repetitions of the same key are told one by one, and
	// maxTold how many in all for a file: who writes a key twice with a
	// template does it everywhere.
	maxAlike = 3
	maxTold  = 20
	// maxPaths is how many of the rest are named.
	maxPaths = 5
)

// occurrence is a repetition and its document.
type occurrence struct {
	repetition
	source manifest.Source
}

// pattern is what occurrences have in common that need not be told one by one.
type pattern struct{ kind, path string }

var index = regexp.MustCompile(`\[\d+\]`)

func (o occurrence) pattern() pattern {
	return pattern{o.object.Kind, index.ReplaceAllString(o.path, "[]")}
}

// warnings tells of the occurrences of a file, in their order, and in one line
// of those that are too many.
func warnings(file string, all []occurrence) []string {
	var lines []string
	alike := map[pattern]int{}
	var paths []string
	more, last := 0, 0
	for _, one := range all {
		of := one.pattern()
		if alike[of] < maxAlike && len(lines) < maxTold {
			alike[of]++
			lines = append(lines, one.String())
			continue
		}
		more, last = more+1, one.source.Line
		if !slices.Contains(paths, of.path) && len(paths) < maxPaths {
			paths = append(paths, of.path)
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("%s: %d more duplicate keys, up to line %d, such as %s; the last one of each wins",
			file, more, last, strings.Join(paths, ", ")))
	}
	return lines
}

// String returns "demo.yaml, document 12 (line 3456): service istio-pilot:
// spec.type is set twice; the last one wins".
func (o occurrence) String() string {
	return fmt.Sprintf("%s: %s: %s is set %s; the last one wins", o.source, o.name(), o.path, often(o.times))
}

// name returns the object's.
func (r repetition) name() string {
	if r.object.Kind == "" {
		return "a mapping"
	}
	return strings.TrimSpace(r.object.String())
}

func often(times int) string {
	if times == 2 {
		return "twice"
	}
	return fmt.Sprintf("%d times", times)
}
