package apply

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// refusal says in one line which object the server refused, where it was
// written, why, and what can be done.
func (e *Engine) refusal(target Target, err error) error {
	if conflicts := conflictsOf(err); len(conflicts) > 0 {
		return fmt.Errorf("%s: %s: %s; leave these fields out, or take them over with --force-conflicts",
			target.Source, target.Ref, strings.Join(conflicts, "; "))
	}
	remedy := ""
	switch {
	case immutable(err):
		remedy = e.anew(target)
	case unknownFields(err) && e.Validation == metav1.FieldValidationStrict:
		remedy = "; correct it, or have what its kind does not have left out with --validate=warn"
	}
	return fmt.Errorf("%s: %s: %w%s", target.Source, target.Ref, &oneLine{err}, remedy)
}

// anew says how an object can be changed in a field that cannot be changed.
func (e *Engine) anew(target Target) string {
	resource := target.Resource.GroupResource().String()
	in := ""
	if target.Ref.Namespace != "" {
		in = " -n " + target.Ref.Namespace
	}
	byHand := fmt.Sprintf("delete it ('kubectl delete %s %s%s')", resource, target.Ref.Name, in)
	if target.recreatable() {
		return "; " + byHand + ", or have it deleted and made anew with --recreate-immutable"
	}
	return "; leave the field as it is, or save what the object holds and " + byHand
}

// manager finds the name in the message of a conflict's cause:
// conflict with "kubectl" using apps/v1 at 2026-01-01T00:00:00Z.
var manager = regexp.MustCompile(`conflict with "([^"]*)"`)

// conflictsOf gives, for each manager that owns fields that we would change,
// its name and the fields; it is empty where err is something else.
func conflictsOf(err error) []string {
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
	var conflicts []string
	for name, owned := range fields {
		slices.Sort(owned)
		conflicts = append(conflicts, fmt.Sprintf("%q owns %s", name, strings.Join(slices.Compact(owned), ", ")))
	}
	slices.Sort(conflicts)
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
