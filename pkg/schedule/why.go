package schedule

import (
	"fmt"
	"slices"
	"strings"
)

// Why says what a batch waits for; name gives that of an object.
func (b Batch) Why(name func(index int) string) string {
	named := func(indices []int) string {
		var names []string
		for _, n := range indices {
			names = append(names, name(n))
		}
		return listed(names)
	}
	switch {
	case len(b.Needs) == 0:
		return "waiting until the pods of " + named(b.Behind) + " begin to start"
	case len(b.Ready) == 1:
		return "waiting until " + named(b.Ready) + " is ready"
	case len(b.Ready) > 1:
		return "waiting until " + named(b.Ready) + " are ready"
	}
	var objects, writers []string
	for _, need := range b.Needs {
		objects = append(objects, need.Object.Kind+" "+need.Object.Name)
		if !slices.Contains(writers, need.Writer) {
			writers = append(writers, need.Writer)
		}
	}
	text := "waiting for " + listed(objects)
	if len(writers) == 1 && writers[0] != "" {
		text += ", which " + writers[0] + " writes"
	}
	return text
}

// listed returns "a, b and c", or "a, b and 2 more".
func listed(names []string) string {
	const most = 3
	if len(names) > most {
		names = append(slices.Clone(names[:most-1]), fmt.Sprintf("%d more", len(names)-most+1))
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
