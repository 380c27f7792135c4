package apiupgrade

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// ObjectChange is what became of an object whose version is not served any more.
type ObjectChange struct {
	Object event.Object
	// Source says where the object was written.
	Source string
	// From and To are the apiVersions.
	From, To string
	// Notes say what else changed, and Ineffective what has no effect, as in Change.
	Notes, Ineffective []string
}

// Upgraded is a manifest in versions that are served, as far as there are any.
type Upgraded struct {
	Objects []manifest.Object
	Changes []ObjectChange
	// Refused says, for each object that nothing takes the place of, why; they
	// are not among the objects.
	Refused []Refusal
}

// Refusal is an object that cannot be applied, and why.
type Refusal struct {
	Object event.Object
	Source string
	// From is the apiVersion.
	From string
	Why  *UnsupportedError
}

// String returns both.
func (r Refusal) String() string { return fmt.Sprintf("%s: %s: %v", r.Source, r.Object, r.Why) }

// Versions returns the versions that Release knows, the newest first.
func Versions() []string {
	first, last := Releases()
	var versions []string
	for minor := last; minor >= first; minor-- {
		versions = append(versions, fmt.Sprintf("1.%d", minor))
	}
	return versions
}

// All turns the objects of versions that are not served into those that
// are; the others are passed on, and none is changed in place. Objects that
// nothing takes the place of are no error: Upgraded.Err tells of them. The
// error says which object could not be converted, and where it was written.
func All(objects []manifest.Object, served func(schema.GroupVersionKind) bool) (Upgraded, error) {
	upgraded := Upgraded{Objects: make([]manifest.Object, 0, len(objects))}
	scope := manifest.OfflineScope(objects)
	for _, object := range objects {
		after, change, err := Upgrade(object.Unstructured, served)
		ref, source := manifest.Ref(object.Unstructured), object.Source.String()
		if ref.Namespace != "" && (err != nil || change != nil) {
			if namespaced, known := scope(object.GroupVersionKind()); known && !namespaced {
				ref.Namespace = "" // which it has not, whatever is written
			}
		}
		var unsupported *UnsupportedError
		switch {
		case errors.As(err, &unsupported):
			upgraded.Refused = append(upgraded.Refused, Refusal{ref, source, object.GetAPIVersion(), unsupported})
			continue
		case err != nil:
			return upgraded, fmt.Errorf("%s: %s: %w", source, ref, err)
		case change != nil:
			upgraded.Changes = append(upgraded.Changes, ObjectChange{
				Object: ref,
				Source: source,
				From:   change.From.GroupVersion().String(),
				To:     change.To.GroupVersion().String(),
				Notes:  change.Notes,

				Ineffective: change.Ineffective,
			})
		}
		object.Unstructured = after
		upgraded.Objects = append(upgraded.Objects, object)
	}
	return upgraded, nil
}

// Err is an error that says the first refusal, and how many more there are; nil
// without any.
func (u Upgraded) Err() error {
	if len(u.Refused) == 0 {
		return nil
	}
	switch more := len(u.Refused) - 1; more {
	case 0:
		return fmt.Errorf("%s, or skip it with --skip-unsupported", u.Refused[0])
	case 1:
		return fmt.Errorf("%s, or skip it with --skip-unsupported (and 1 more object that has no successor)", u.Refused[0])
	default:
		return fmt.Errorf("%s, or skip it with --skip-unsupported (and %d more objects that have no successor)", u.Refused[0], more)
	}
}

// TellSkipped tells of what is left out.
func (u Upgraded) TellSkipped(sink event.Sink) {
	for _, refusal := range u.Refused {
		sink(event.Warning{Message: "left out: " + refusal.String()})
	}
}

// TellIneffective tells of what Kubernetes no longer heeds, each once with the first
// of the objects that have it.
func (u Upgraded) TellIneffective(sink event.Sink) {
	var texts []string
	having := map[string][]ObjectChange{}
	for _, change := range u.Changes {
		for _, text := range change.Ineffective {
			if having[text] == nil {
				texts = append(texts, text)
			}
			having[text] = append(having[text], change)
		}
	}
	for _, text := range texts {
		first, others := having[text][0], ""
		if more := len(having[text]) - 1; more > 0 {
			others = fmt.Sprintf(" (and %d more)", more)
		}
		sink(event.Warning{Message: fmt.Sprintf("%s: %s%s: %s", first.Source, first.Object, others, text)})
	}
}

// Event counts the changes by kind and versions, in the order of the first of
// each. An object that only refers to another one of a new version is left
// out.
func (u Upgraded) Event() event.Upgraded {
	type change struct{ kind, from, to string }
	var told event.Upgraded
	index := map[change]int{}
	for _, one := range u.Changes {
		if one.From == one.To {
			continue
		}
		told.Objects++
		same := change{one.Object.Kind, one.From, one.To}
		at, known := index[same]
		if !known {
			at = len(told.Changes)
			index[same] = at
			told.Changes = append(told.Changes, event.VersionChange{Kind: one.Object.Kind, From: one.From, To: one.To})
		}
		told.Changes[at].Objects++
	}
	return told
}
