// Package apiupgrade turns objects of API versions that a cluster no longer
// serves into versions that it does. What the old version defaulted to is
// written out where the new one has another default, so that an object means
// what it meant when it was written.
package apiupgrade

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Served tells whether a version of a kind is served. Release makes one for a
// release, and the method Served of discover.Kinds is one for a cluster.
type Served func(schema.GroupVersionKind) bool

// Change is what became of an object, besides its apiVersion.
type Change struct {
	// From and To are the same where an object's own version is served, but
	// not that of an object to which it refers.
	From, To schema.GroupVersionKind
	// Notes say what else changed, in a few words each, and Ineffective, which is
	// among them, what Kubernetes no longer heeds and nothing takes the place of.
	Notes, Ineffective []string
}

// UnsupportedError says that nothing takes the place of an object.
type UnsupportedError struct {
	Kind schema.GroupVersionKind
	// Removed is the release of Kubernetes that removed the kind, such as
	// "1.25"; empty if it is not known.
	Removed string
	// Remedy is what to do instead.
	Remedy string
}

// Message says that in one line, without the remedy.
func (e *UnsupportedError) Message() string {
	if e.Removed == "" {
		return fmt.Sprintf("kind %s in version %s no longer exists", e.Kind.Kind, e.Kind.GroupVersion())
	}
	return fmt.Sprintf("kind %s in version %s was removed in Kubernetes %s", e.Kind.Kind, e.Kind.GroupVersion(), e.Removed)
}

func (e *UnsupportedError) Error() string {
	if e.Remedy == "" {
		return e.Message()
	}
	return e.Message() + "; " + e.Remedy
}

// Upgrade returns the object in a version that is served, never changing its
// argument. Where the object's own version is served, or the kind is none of
// Kubernetes' own, or nobody knows where it went, it gives the object itself
// and nil. What is wrong in an object stays, for the server to refuse. The
// error is an *UnsupportedError where nothing takes the place of the object, or
// says what of it cannot be converted; the object itself and nil come with it.
// It can be used by many goroutines.
//
// Only some objects of a served version may have to change nevertheless: an
// autoscaler when what it scales is named in a version that is not served, and
// what has annotations that have become fields.
//
// The way from a version to the next is that of APILifecycleReplacement in
// k8s.io/api, and the defaults that are written out are those of Kubernetes'
// own code; test/oracle compares the two.
func Upgrade(object *unstructured.Unstructured, served Served) (*unstructured.Unstructured, *Change, error) {
	upgraded, change, err := toServed(object, served)
	if err != nil {
		return upgraded, change, err
	}
	upgraded, change = withFields(upgraded, change)
	return upgraded, change, nil
}

// toServed is Upgrade without the annotations.
func toServed(object *unstructured.Unstructured, served Served) (*unstructured.Unstructured, *Change, error) {
	from := object.GroupVersionKind()
	if served(from) {
		return retarget(object, served)
	}
	path, err := route(from, served)
	if err != nil || len(path) == 0 {
		return object, nil, err
	}
	d := &draft{object: object.DeepCopy().Object, served: served}
	for _, next := range path {
		if err := d.step(next); err != nil {
			return object, nil, err
		}
	}
	if d.object["status"] != nil {
		// Its form may have changed, too, and the server ignores it.
		delete(d.object, "status")
		d.note("status is left out: the server writes it")
	}
	upgraded := &unstructured.Unstructured{Object: d.object}
	return upgraded, &Change{From: from, To: upgraded.GroupVersionKind(), Notes: d.notes}, nil
}

// route returns the versions through which an object goes, the last of which is
// served; none if no way is known.
func route(from schema.GroupVersionKind, served Served) ([]schema.GroupVersionKind, error) {
	path, end := follow(from, served)
	if gone, ok := gones[end]; ok && len(path) == 0 {
		gone.Kind = from
		return nil, &gone
	}
	at := from
	for _, next := range path {
		if converter(at) == nil {
			return nil, nil
		}
		at = next
	}
	return path, nil
}

// follow returns the versions from one to the next that is served; none if there
// is no such, and the last of them in either case.
func follow(from schema.GroupVersionKind, served Served) (path []schema.GroupVersionKind, end schema.GroupVersionKind) {
	end = from
	// Bounded, should the library ever go in circles.
	for range 8 {
		next, ok := successor(end)
		if !ok {
			break
		}
		path, end = append(path, next), next
		if served(next) {
			return path, end
		}
	}
	return nil, end
}

// draft is an object on its way to another version.
type draft struct {
	object map[string]any
	served Served
	// old is the version that the fields have at present.
	old schema.GroupVersionKind
	// defaults are those that were written out.
	defaults []string
	notes    []string
}

// step takes the object to the next version.
func (d *draft) step(next schema.GroupVersionKind) error {
	current := &unstructured.Unstructured{Object: d.object}
	d.old = current.GroupVersionKind()
	err := converter(d.old)(d)
	var unsupported *UnsupportedError
	if errors.As(err, &unsupported) {
		unsupported.Kind = d.old
		unsupported.Removed = removed(d.old)
	}
	if err != nil {
		return err
	}
	current.SetGroupVersionKind(next)
	if len(d.defaults) > 0 {
		d.note("defaults of %s are set explicitly: %s", d.old.GroupVersion(), strings.Join(d.defaults, ", "))
		d.defaults = nil
	}
	return nil
}

// note says each thing once: the lists of an object can have many entries that
// change in the same way.
func (d *draft) note(format string, arguments ...any) {
	if note := fmt.Sprintf(format, arguments...); !slices.Contains(d.notes, note) {
		d.notes = append(d.notes, note)
	}
}
