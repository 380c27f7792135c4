package applyset

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Intersect leaves those of the objects that are among the members that were
// found later.
func Intersect(objects, members []Object) []Object {
	uids := map[types.UID]bool{}
	for _, member := range members {
		uids[member.Meta.UID] = true
	}
	return slices.DeleteFunc(slices.Clone(objects), func(object Object) bool { return !uids[object.Meta.UID] })
}

// Partition parts objects from the others.
func Partition(objects []Object, is func(Object) bool) (some, others []Object) {
	for _, object := range objects {
		if is(object) {
			some = append(some, object)
		} else {
			others = append(others, object)
		}
	}
	return some, others
}

// UIDs returns the identities of objects.
func UIDs(objects []Object) map[types.UID]bool {
	uids := map[types.UID]bool{}
	for _, object := range objects {
		uids[object.Meta.UID] = true
	}
	return uids
}

// IsCRD reports whether an object is a CRD.
func IsCRD(object Object) bool {
	return object.GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
}

// IsNamespace reports whether an object is a namespace.
func IsNamespace(object Object) bool {
	return object.GroupKind() == schema.GroupKind{Kind: "Namespace"}
}

// IsPersistentVolumeClaim reports whether an object is one.
func IsPersistentVolumeClaim(object Object) bool {
	return object.GroupKind() == schema.GroupKind{Kind: "PersistentVolumeClaim"}
}

// Summary names the first few objects and counts the rest, by kind:
// "3 virtualservices (default/a, default/b, shop/c)".
func Summary(objects []Object) string {
	const few = 3
	byKind := map[schema.GroupResource][]Object{}
	for _, object := range objects {
		resource := object.Resource.GroupResource()
		byKind[resource] = append(byKind[resource], object)
	}
	var parts []string
	for resource, members := range byKind {
		if len(members) == 1 {
			parts = append(parts, members[0].Ref.String())
			continue
		}
		var names []string
		for _, object := range members {
			names = append(names, object.Ref.Path())
		}
		slices.Sort(names)
		if len(names) > few {
			names = append(names[:few], "…")
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", len(members), resource.Resource, strings.Join(names, ", ")))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
