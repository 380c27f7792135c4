package preflight

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Uses gathers objects by where they live, which is what permissions are asked
// for, in the order of the first of each place.
type Uses struct {
	order   []usePlace
	objects map[usePlace][]Object
}

type usePlace struct {
	resource  schema.GroupVersionResource
	namespace string
}

// Add adds an object of a resource in a namespace, which is empty for objects that
// are in none.
func (u *Uses) Add(resource schema.GroupVersionResource, namespace string, object Object) {
	at := usePlace{resource, namespace}
	if u.objects == nil {
		u.objects = map[usePlace][]Object{}
	}
	if u.objects[at] == nil {
		u.order = append(u.order, at)
	}
	u.objects[at] = append(u.objects[at], object)
}

// All returns what was added, one Use for each resource and namespace.
func (u *Uses) All() []Use {
	var all []Use
	for _, at := range u.order {
		all = append(all, Use{Resource: at.resource, Namespace: at.namespace, Objects: u.objects[at]})
	}
	return all
}
