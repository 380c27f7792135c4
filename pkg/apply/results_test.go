package apply

import (
	"context"
	"errors"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
)

// TestFailureOf leaves out what was only halted, and nothing else.
func TestFailureOf(t *testing.T) {
	denied, ended := errors.New("denied"), errors.New("ended")
	over, cancel := context.WithCancelCause(t.Context())
	cancel(ended)
	waiting := &ready.NotReadyError{Cause: ended, Pending: []ready.Pending{{Target: ready.Target{Ref: event.Object{Kind: "Thing", Name: "a"}}, Message: "not yet"}}}
	for _, test := range []struct {
		name string
		ctx  context.Context
		errs []error
		want string
	}{
		{"nothing", t.Context(), []error{nil, nil}, ""},
		{"one has failed", t.Context(), []error{ErrHalted, nil, denied}, "denied"},
		{"two have", t.Context(), []error{denied, ended}, "denied\nended"},
		{"the end", over, []error{ended, nil}, "ended"},
		{"the end before anything", over, []error{nil, nil}, "ended"},
		{"the end of a wait", over, []error{ErrHalted, waiting}, waiting.Error()},
		{"the end after a refusal", over, []error{denied, waiting}, "denied\n" + waiting.Error()},
	} {
		err := FailureOf(test.ctx, test.errs)
		if got := map[bool]string{true: ""}[err == nil]; err != nil && err.Error() != test.want || err == nil && got != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
