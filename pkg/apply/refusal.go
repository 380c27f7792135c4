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
func refusal(target Target, err error) error {
	if conflicts := conflictsOf(err); len(conflicts) > 0 {
		return fmt.Errorf("%s: %s: %s; leave these fields out, or take them over with --force-conflicts",
			target.Source, target.Ref, strings.Join(conflicts, "; "))
	}
	return fmt.Errorf("%s: %s: %w", target.Source, target.Ref, &oneLine{err})
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
		fields[name] = append(fields[name], cause.Field)
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

func (o *oneLine) Error() string { return strings.Join(strings.Fields(o.err.Error()), " ") }
func (o *oneLine) Unwrap() error { return o.err }
