package manifest

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Scope tells whether objects of a kind live in a namespace; known is false
// where nobody can say. OfflineScope makes one, and the method Scope of
// discover.Kinds is one.
type Scope func(schema.GroupVersionKind) (namespaced, known bool)

// Namespace is where objects go that name none.
type Namespace struct {
	Name string
	// Explicit is true where the user gave it: then an object that names
	// another one is an error, as it is with kubectl.
	Explicit bool
}

// Place returns every namespaced object that names no namespace the one that is
// passed, and takes it from cluster-scoped ones, where it has no meaning; it
// changes the objects. An object of a kind whose scope is not known stays as it
// is. An object of another namespace than an explicit one is an error, which
// names the file and the line.
//
// It gives the objects with each of them once. One that is defined twice in the
// same words is a warning. Two different definitions are an error, unless the
// last one is to win, with a warning.
func Place(objects []Object, scope Scope, namespace Namespace, lastWins bool) (placed []Object, warnings []string, err error) {
	seen := map[event.Object]int{}
	var doubled duplicates
	for n, object := range objects {
		if IsNamespace(object.Unstructured) {
			labelNamespace(object.Unstructured)
		}
		namespaced, known := scope(object.GroupVersionKind())
		switch own := object.GetNamespace(); {
		case known && !namespaced:
			object.SetNamespace("")
		case own == "" && known:
			object.SetNamespace(namespace.Name)
		case own != "" && own != namespace.Name && namespace.Explicit:
			return nil, nil, fmt.Errorf("%s: %s is not in --namespace %s; omit --namespace, or change the file",
				object.Source, Ref(object.Unstructured), namespace.Name)
		}
		ref := Ref(object.Unstructured)
		first, twice := seen[ref]
		seen[ref] = n
		if !twice {
			continue
		}
		doubled.leaveOut(first)
		if err := doubled.compare(objects[first], object, lastWins); err != nil {
			return nil, nil, err
		}
	}
	return doubled.without(objects), doubled.told(), nil
}

// WithNamespace puts the namespace itself in front where the manifest does not
// bring it; it is to be created if it does not exist. It is needed even where
// no object goes there, because the inventory does. The slice that is passed is
// not changed.
func WithNamespace(objects []Object, name string) []Object {
	for _, object := range objects {
		if IsNamespace(object.Unstructured) && object.GetName() == name {
			return objects
		}
	}
	namespace := Object{Unstructured: newNamespace(name), Source: Source{File: "--namespace"}, IfAbsent: true}
	return append([]Object{namespace}, objects...)
}
