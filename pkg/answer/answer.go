// Package answer refuses what an API server answers about another object than
// it was asked for. What is done afterwards, such as writing a file, deleting
// something or showing a command, then concerns what was meant, whatever a
// server says. The clients that it gives look at what they have decoded, so that
// there is no second reading that could differ from theirs.
package answer

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// reason is that of the errors. No API server gives it.
const reason metav1.StatusReason = "AnotherObject"

// IsOther reports whether an error says that an API server has answered about
// another object than it was asked for. Asking again does not help.
func IsOther(err error) bool { return apierrors.ReasonForError(err) == reason }

// KindOf gives the kind of a resource's objects, and nothing where it does not
// know. A nil KindOf knows none.
type KindOf func(schema.GroupVersionResource) string

// place is where objects are asked for.
type place struct {
	resource schema.GroupVersionResource
	// kind is empty where it is not known, and namespace where the objects are
	// in none or in any.
	kind, namespace string
	// part is true of a subresource, which may be of any kind.
	part bool
}

func placeOf(resource schema.GroupVersionResource, kindOf KindOf) place {
	at := place{resource: resource}
	if kindOf != nil {
		at.kind = kindOf(resource)
	}
	return at
}

func (p place) in(namespace string) place {
	p.namespace = namespace
	return p
}

// of is the place for objects of the kind that is written there.
func (p place) of(kind string) place {
	if kind != "" {
		p.kind = kind
	}
	return p
}

func (p place) below(subresources []string) place {
	p.part = len(subresources) > 0
	return p
}

// askable refuses to ask for what would be another path on the server. Not all
// clients look at that.
func (p place) askable(names ...string) error {
	for _, segment := range append(names, p.namespace, p.resource.Group, p.resource.Version, p.resource.Resource) {
		if wrong := rest.IsValidPathSegmentName(segment); len(wrong) > 0 {
			return fmt.Errorf("invalid name %+.64q: it %s", segment, wrong[0])
		}
	}
	return nil
}

// about checks the answer to a request for one object; name is empty where the
// server chooses it.
func about[T runtime.Object](p place, name string, answer T, err error) (T, error) {
	if err == nil {
		err = p.check(name, answer)
	}
	if err != nil {
		var none T
		return none, err
	}
	return answer, nil
}

// within checks each object of a list.
func within[T runtime.Object](p place, list T, err error) (T, error) {
	if err == nil {
		err = meta.EachListItem(list, func(item runtime.Object) error { return p.check("", item) })
	}
	if err != nil {
		var none T
		return none, err
	}
	return list, nil
}

// check compares an object with what was asked for. Where that may have any
// name, it has one that can be asked for. A typed object, and one of which only
// the metadata was asked for, does not say what it is.
func (p place) check(name string, object runtime.Object) error {
	found, err := meta.Accessor(object)
	if err != nil {
		return p.refuse(name, "a non-object")
	}
	kind, ok := p.kindIn(object)
	if ok && p.meant(name, found) {
		return nil
	}
	return p.refuse(name, words(kind, found.GetNamespace(), found.GetName()))
}

// meant reports whether an object is the one with a name, or one of any name.
func (p place) meant(name string, found metav1.Object) bool {
	if name != "" {
		return found.GetName() == name && found.GetNamespace() == p.namespace
	}
	here := found.GetNamespace() == p.namespace || p.namespace == "" && segment(found.GetNamespace())
	return here && found.GetName() != "" && segment(found.GetName())
}

// segment reports whether a name can be asked for.
func segment(name string) bool { return len(rest.IsValidPathSegmentName(name)) == 0 }

// kindIn returns what an object says it is, and whether that is what was asked
// for.
func (p place) kindIn(object runtime.Object) (kind string, ok bool) {
	said := object.GetObjectKind().GroupVersionKind()
	if _, only := object.(*metav1.PartialObjectMetadata); only || p.part || said.Empty() {
		return p.what(), true
	}
	return said.Kind, said.GroupVersion() == p.resource.GroupVersion() && (p.kind == "" || said.Kind == p.kind)
}

// what names what was asked for.
func (p place) what() string {
	if p.kind != "" {
		return p.kind
	}
	return p.resource.GroupResource().String()
}

// refuse returns an error that followers of a watch, which get a Status, and all
// others know by its reason.
func (p place) refuse(name, answered string) error {
	asked := words(p.what(), p.namespace, name)
	if name == "" {
		asked = p.resource.GroupResource().String()
		if p.namespace != "" {
			asked += " in namespace " + p.namespace
		}
	}
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusBadGateway,
		Reason:  reason,
		Message: fmt.Sprintf("the API server returned %s instead of %s", answered, asked),
	}}
}

// words returns "configmap istio-system/istio-demo", with what no object is
// called in quotes.
func words(kind, namespace, name string) string {
	path := name
	if namespace != "" {
		path = namespace + "/" + name
	}
	if name == "" {
		return "a " + excerpt(strings.ToLower(kind)) + " without a name"
	}
	return excerpt(strings.ToLower(kind)) + " " + excerpt(path)
}

// excerpt returns a short text for an error, in quotes where it has more than
// names do.
func excerpt(text string) string {
	const longest = 320 // a namespace and a name have no more
	if len(text) > longest {
		text = text[:longest] + "..."
	}
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/") == "" {
		return text
	}
	return strconv.QuoteToASCII(text)
}
