package apply

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// RefusalError says which object could not be applied, and why: in nearly all
// cases, because the API server refused it.
type RefusalError struct {
	// Source says where the object was written.
	Source string
	Ref    event.Object
	// Message is why, in one line, and Remedy what to do about it; it is empty
	// where nobody knows.
	Message, Remedy string
	// Conflicts are the managers that own fields which the object would change,
	// by name; they are in the message. It is empty where that is not the reason.
	Conflicts []Conflict
	// Err is what the API server answered.
	Err error
}

// Conflict is a manager, and the fields of one object that it owns.
type Conflict struct {
	Manager string
	// Fields are paths, sorted: .spec.replicas.
	Fields []string
}

// Error says all of it in one line.
func (e *RefusalError) Error() string {
	text := fmt.Sprintf("%s: %s: %s", e.Source, e.Ref, e.Message)
	if e.Remedy == "" {
		return text
	}
	return text + "; " + e.Remedy
}

func (e *RefusalError) Unwrap() error { return e.Err }

// Refusals returns those of which an error of the Engine consists, in their order.
func Refusals(err error) []*RefusalError {
	switch err := err.(type) {
	case *RefusalError:
		return []*RefusalError{err}
	case interface{ Unwrap() []error }:
		var all []*RefusalError
		for _, one := range err.Unwrap() {
			all = append(all, Refusals(one)...)
		}
		return all
	}
	return nil
}

// refusal says which object the server refused, where it was written, why, and
// what can be done.
func (e *Engine) refusal(target Target, err error) error {
	large := tooLarge(err)
	err = withoutValues(target, err)
	refused := &RefusalError{Source: target.Source, Ref: target.Ref, Err: err}
	switch refused.Conflicts = conflictsOf(err); {
	case len(refused.Conflicts) > 0:
		var owned, fields []string
		for _, conflict := range refused.Conflicts {
			fields = append(fields, conflict.Fields...)
			owned = append(owned, fmt.Sprintf("%q owns %s", conflict.Manager, strings.Join(conflict.Fields, ", ")))
		}
		refused.Message = strings.Join(owned, "; ")
		refused.Remedy = "remove these fields, or take them over with --force-conflicts"
		if e.BuiltIn {
			refused.Remedy = "reset " + strings.Join(slices.Sorted(slices.Values(fields)), ", ") + " to the built-in value with --force-conflicts"
		}
		return refused
	case large:
		refused.Message, refused.Remedy = larger(target.Object), "shorten it, such as the descriptions in its schema, or split it"
		return refused
	case immutable(err):
		refused.Remedy = e.anew(target)
	case unknownFields(err) && e.Validation == metav1.FieldValidationStrict:
		refused.Remedy = "fix it, or drop unknown fields with --validate=warn"
	}
	refused.Message = (&oneLine{err}).Error()
	return refused
}

// anew says how an object can be changed in a field that cannot be changed.
func (e *Engine) anew(target Target) string {
	resource := target.Resource.GroupResource().String()
	byHand := "delete it ('" + shell.Line("kubectl delete {} {}", resource, target.Ref.Name) + shell.In(target.Ref.Namespace) + "')"
	if target.recreatable() {
		return byHand + ", or recreate it with --recreate-immutable"
	}
	return "leave the field unchanged, or back up the object and " + byHand
}

// manager finds the name in the message of a conflict's cause:
// conflict with "kubectl" using apps/v1 at 2026-01-01T00:00:00Z.
var manager = regexp.MustCompile(`conflict with "([^"]*)"`)

// conflictsOf returns the managers that own fields that we would change, and these
// fields; it is empty where err is something else.
func conflictsOf(err error) []Conflict {
	var status apierrors.APIStatus
	if !apierrors.IsConflict(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	fields := map[string][]string{}
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		name := cause.Message
		if found := manager.FindStringSubmatch(cause.Message); found != nil {
			name = found[1]
		}
		fields[name] = append(fields[name], inOneLine(cause.Field))
	}
	var conflicts []Conflict
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		slices.Sort(fields[name])
		conflicts = append(conflicts, Conflict{Manager: name, Fields: slices.Compact(fields[name])})
	}
	return conflicts
}

// oneLine puts a message that has several lines into one.
type oneLine struct{ err error }

func (o *oneLine) Error() string {
	return invalidValue.ReplaceAllStringFunc(inOneLine(o.err.Error()), func(found string) string {
		if len(found) <= longest {
			return found
		}
		return invalidValue.ReplaceAllString(found, "${1}...$3")
	})
}

// invalidValue is where the server repeats the value of a field, which for a
// Job's template is the whole pod as Go prints it.
var invalidValue = regexp.MustCompile(`(Invalid value: )(.*?)(: (?:field is immutable|updates to|may not|cannot|must|Forbidden))`)

// longest is the length from which on such a value is left out.
const longest = 300

func (o *oneLine) Unwrap() error { return o.err }

func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
