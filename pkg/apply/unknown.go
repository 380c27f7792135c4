package apply

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

// patch applies a target with one request. Where the kind does not have all of
// its fields and Validation lets that pass, the others are applied, and told
// are those that were left out.
func (e *Engine) patch(ctx context.Context, target Target, dryRun bool) (*unstructured.Unstructured, error) {
	stored, err := e.write(ctx, target, dryRun)
	if !unknownFields(err) || e.Validation == metav1.FieldValidationStrict {
		return stored, err
	}
	known := target.Object.DeepCopy()
	var leftOut []string
	for _, field := range e.unknown(ctx, target) {
		if leaveOut(known.Object, field) {
			leftOut = append(leftOut, field)
		}
	}
	if len(leftOut) == 0 {
		return nil, err
	}
	target.Object = known
	if stored, err = e.write(ctx, target, dryRun); err == nil && dryRun == e.DryRun && e.Validation != metav1.FieldValidationIgnore {
		e.Sink(event.Warning{Message: fmt.Sprintf("%s: %s: dropped unknown fields: %s", target.Source, target.Ref, strings.Join(leftOut, ", "))})
	}
	return stored, err
}

// unknownFields reports whether the server refuses an apply because of fields
// that it has no schema for. It says so in words only
// (sigs.k8s.io/structured-merge-diff, typed/validate.go).
func unknownFields(err error) bool {
	return err != nil && strings.Contains(err.Error(), "field not declared in schema")
}

// unknown returns the paths of the fields that a target's kind does not have, as
// the server knows them: an apply refuses the first of a struct only, and names
// items of lists by their keys, so that it is asked what it would say to the
// object as a new one. It is empty where the user may not ask that.
func (e *Engine) unknown(ctx context.Context, target Target) []string {
	_, err := e.resource(target).
		Create(ctx, target.Object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: managedfields.Manager, FieldValidation: metav1.FieldValidationStrict})
	if !apierrors.IsBadRequest(err) {
		return nil
	}
	var fields []string
	for _, found := range unknownField.FindAllString(err.Error(), -1) {
		if field, err := strconv.Unquote(strings.TrimPrefix(found, "unknown field ")); err == nil {
			fields = append(fields, field)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// unknownField finds a field in the message of a strict decoding error
// (k8s.io/apimachinery, pkg/runtime/error.go, and sigs.k8s.io/json):
// strict decoding error: unknown field "spec.a", unknown field "spec.b[0].c".
var unknownField = regexp.MustCompile(`unknown field "(?:[^"\\]|\\.)*"`)

// leaveOut removes the field at a path, which has its names between dots and
// positions in lists in brackets, and tells whether it was there. Names may have
// dots of their own.
func leaveOut(value any, path string) bool {
	switch value := value.(type) {
	case map[string]any:
		if _, there := value[path]; there {
			delete(value, path)
			return true
		}
		for name, below := range value {
			rest, leads := strings.CutPrefix(path, name)
			if leads && rest != "" && (rest[0] == '.' || rest[0] == '[') && leaveOut(below, strings.TrimPrefix(rest, ".")) {
				return true
			}
		}
	case []any:
		inBrackets, rest, closed := strings.Cut(strings.TrimPrefix(path, "["), "]")
		position, err := strconv.Atoi(inBrackets)
		if closed && err == nil && position >= 0 && position < len(value) {
			return leaveOut(value[position], strings.TrimPrefix(rest, "."))
		}
	}
	return false
}
