package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// maxNamed is how many of the objects that are not applied are named.
const maxNamed = 10

// Installable returns what an install applies. It leaves out the hooks that Helm
// would not run in an install: a Job that cleans up after a removal would do
// so at once. It leaves out what only a server writes, and has the stringData of
// Secrets in their data. It warns of what it leaves out, of hooks that Helm does
// not have, and of list entries that a server-side apply does not take twice.
func (m Manifest) Installable() Manifest {
	given := m.Objects
	m.Objects, m.Warnings = nil, slices.Clone(m.Warnings)
	byOccasion := map[string][]Object{}
	var occasions []string
	var exported exports
	for _, object := range given {
		hook := HookOf(object.Unstructured)
		if len(hook.Unknown) > 0 {
			m.Warnings = append(m.Warnings, fmt.Sprintf("%s: %s: unknown Helm hook %q; applied like an object without it",
				object.Source, Ref(object.Unstructured), strings.Join(hook.Unknown, ",")))
		}
		if hook.Phase != NotInstalled {
			object, doubled := Unique(withData(exported.strip(object)))
			m.Warnings = append(m.Warnings, doubled...)
			m.Objects = append(m.Objects, object)
			continue
		}
		m.Withheld = append(m.Withheld, object)
		occasion := strings.Join(hook.Occasions, " or ")
		if byOccasion[occasion] == nil {
			occasions = append(occasions, occasion)
		}
		byOccasion[occasion] = append(byOccasion[occasion], object)
	}
	m.Warnings = append(m.Warnings, exported.warning()...)
	for _, occasion := range occasions {
		m.Warnings = append(m.Warnings, notApplied(byOccasion[occasion], occasion))
	}
	return m
}

// notApplied returns "not applied: 1 object that Helm would only run on
// deletion: job mesh/cleanup".
func notApplied(objects []Object, occasion string) string {
	what := "1 object"
	if len(objects) > 1 {
		what = fmt.Sprintf("%d objects", len(objects))
	}
	var names []string
	for _, object := range objects[:min(len(objects), maxNamed)] {
		names = append(names, Ref(object.Unstructured).String())
	}
	text := fmt.Sprintf("not applied: %s that Helm runs only on %s: %s", what, occasion, strings.Join(names, ", "))
	if more := len(objects) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
