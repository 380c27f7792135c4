package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// maxNamed is how many of the objects that are not applied are named.
const maxNamed = 10

// Installable gives what an install applies. It leaves out the hooks that Helm
// would not run in an install: a Job that cleans up after a removal would do
// so at once. It warns of them, of hooks that Helm does not have, and of list
// entries that a server-side apply does not take twice.
func (m Manifest) Installable() Manifest {
	given := m.Objects
	m.Objects, m.Warnings = nil, slices.Clone(m.Warnings)
	byOccasion := map[string][]manifest.Object{}
	var occasions []string
	for _, object := range given {
		hook := manifest.HookOf(object.Unstructured)
		if len(hook.Unknown) > 0 {
			m.Warnings = append(m.Warnings, fmt.Sprintf("%s: %s: Helm has no hook %q; it is applied as if that were not there",
				object.Source, manifest.Ref(object.Unstructured), strings.Join(hook.Unknown, ",")))
		}
		if hook.Phase != manifest.NotInstalled {
			object, doubled := manifest.Unique(object)
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
	for _, occasion := range occasions {
		m.Warnings = append(m.Warnings, notApplied(byOccasion[occasion], occasion))
	}
	return m
}

// notApplied gives "not applied: 1 object that Helm would only run on
// deletion: job mesh/cleanup".
func notApplied(objects []manifest.Object, occasion string) string {
	what := "1 object"
	if len(objects) > 1 {
		what = fmt.Sprintf("%d objects", len(objects))
	}
	var names []string
	for _, object := range objects[:min(len(objects), maxNamed)] {
		names = append(names, manifest.Ref(object.Unstructured).String())
	}
	text := fmt.Sprintf("not applied: %s that Helm would only run on %s: %s", what, occasion, strings.Join(names, ", "))
	if more := len(objects) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// spare parts leftovers from objects that are withheld: the manifest still has
// these, and whoever applied them has done so knowingly, or with kubectl's
// view of hooks. They stay in the inventory until they are uninstalled.
func spare(all []manifest.Object, members []inventory.Object, namespace string) (leftovers, spared []inventory.Object) {
	withheld := map[event.Object]bool{}
	for _, object := range all {
		ref := manifest.Ref(object.Unstructured)
		withheld[ref] = true
		// Nobody has looked where its kind belongs.
		if ref.Namespace == "" {
			ref.Namespace = namespace
		} else {
			ref.Namespace = ""
		}
		withheld[ref] = true
	}
	for _, member := range members {
		if withheld[member.Ref] {
			spared = append(spared, member)
		} else {
			leftovers = append(leftovers, member)
		}
	}
	return leftovers, spared
}
