package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
)

const (
	// maxDoubled is how many of the objects that are defined twice are told one by
	// one: a file that was put together of two has them all twice.
	maxDoubled = 5
	// maxDiffering is how many of the fields that differ are named.
	maxDiffering = 3
)

// duplicates are the definitions of objects that a later one takes the place of.
type duplicates struct {
	leftOut  map[int]bool
	warnings []string
}

func (d *duplicates) leaveOut(n int) {
	if d.leftOut == nil {
		d.leftOut = map[int]bool{}
	}
	d.leftOut[n] = true
}

// compare says what two definitions of an object mean.
func (d *duplicates) compare(first, second Object, lastWins bool) error {
	again := fmt.Sprintf("%s: %s is already defined in %s", second.Source, Ref(second.Unstructured), first.Source)
	fields := differing(first.Object, second.Object, "")
	switch {
	case len(fields) == 0:
		d.warnings = append(d.warnings, again+" in the same words; it is applied once")
	case lastWins:
		d.warnings = append(d.warnings, fmt.Sprintf("%s and differs in %s; the last one wins", again, few(fields)))
	default:
		return fmt.Errorf("%s and differs in %s; keep one of them, or use the last one with --strict=false", again, few(fields))
	}
	return nil
}

// without returns the objects that are applied.
func (d *duplicates) without(objects []Object) []Object {
	if len(d.leftOut) == 0 {
		return objects
	}
	var left []Object
	for n, object := range objects {
		if !d.leftOut[n] {
			left = append(left, object)
		}
	}
	return left
}

// told returns the warnings, and one for those that are too many.
func (d *duplicates) told() []string {
	if more := len(d.warnings) - maxDoubled; more > 1 {
		return append(d.warnings[:maxDoubled:maxDoubled], fmt.Sprintf("%d more objects are defined twice; each is applied once", more))
	}
	return d.warnings
}

// differing returns the paths at which two values differ, sorted. Lists are
// compared as a whole.
func differing(a, b any, path string) []string {
	left, isMap := a.(map[string]any)
	right, both := b.(map[string]any)
	switch {
	case equality.Semantic.DeepEqual(a, b):
		return nil
	case !isMap || !both:
		return []string{path}
	}
	all := maps.Clone(left)
	maps.Copy(all, right)
	var paths []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		paths = append(paths, differing(left[key], right[key], strings.TrimPrefix(path+"."+key, "."))...)
	}
	return paths
}

// few returns "data.a, data.b, data.c and 2 more fields".
func few(fields []string) string {
	text := strings.Join(fields[:min(len(fields), maxDiffering)], ", ")
	switch more := len(fields) - maxDiffering; {
	case more == 1:
		return text + " and 1 more field"
	case more > 1:
		return fmt.Sprintf("%s and %d more fields", text, more)
	}
	return text
}
