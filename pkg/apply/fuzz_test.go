package apply

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FuzzRefusal has the server, or an admission webhook in its name, answer
// anything: it becomes one line that begins with the object.
func FuzzRefusal(f *testing.F) {
	const manager = `conflict with "kubectl" using apps/v1`
	f.Add(int32(http.StatusConflict), "Conflict", "Apply failed with 1 conflict:\n- .spec", string(metav1.CauseTypeFieldManagerConflict), manager, ".spec.replicas", true)
	f.Add(int32(http.StatusConflict), "Conflict", "", string(metav1.CauseTypeFieldManagerConflict), "conflict with \"a\nerror: b\x1b[2J\"", ".metadata.annotations.a\nb", true)
	f.Add(int32(http.StatusConflict), "Conflict", "", string(metav1.CauseTypeFieldManagerConflict), "a\nb", "", true)
	f.Add(int32(http.StatusUnprocessableEntity), "Invalid", "a is invalid", string(metav1.CauseTypeFieldValueInvalid), "field is immutable", "spec.selector", true)
	f.Add(int32(http.StatusForbidden), "Forbidden", "admission webhook \"x\" denied the request:\r\n\x1b]0;x\a\u202e", "", "", "", false)
	f.Add(int32(0), "", "", "", "", "", false)
	f.Add(int32(-1), "\xff", "\u2028", "\xff", "\xff", "\xff", true)
	f.Fuzz(func(t *testing.T, code int32, reason, message, kind, cause, field string, details bool) {
		status := metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: metav1.StatusReason(reason), Message: message}
		if details {
			one := metav1.StatusCause{Type: metav1.CauseType(kind), Message: cause, Field: field}
			status.Details = &metav1.StatusDetails{Causes: []metav1.StatusCause{one, {Type: one.Type, Message: field, Field: cause}, one}}
		}
		answer := &apierrors.StatusError{ErrStatus: status}
		immutable(answer)
		for _, err := range []error{answer, errors.New(message), apierrors.FromObject(&status)} {
			told := (&Engine{}).refusal(deployment("a"), err).Error()
			if strings.ContainsAny(told, "\n\r") || !strings.HasPrefix(told, "demo.yaml, document 1 (line 1): deployment istio-system/a: ") {
				t.Errorf("it is told as %q", told)
			}
		}
	})
}
