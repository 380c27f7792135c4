package install

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// TestRefusedThenInterrupted has somebody press Ctrl-C when one object is
// refused and another is under way: both is told.
func TestRefusedThenInterrupted(t *testing.T) {
	interrupted := errors.New("interrupted")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		server := inmemory.Server(func(request *http.Request) any {
			switch {
			case request.Method == http.MethodPatch && inmemory.Last(request) == "a":
				return inmemory.Fails(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "a is not for you")
			case request.Method == http.MethodPatch && inmemory.Last(request) == "b":
				synctest.Wait() // the other has been refused
				cancel(interrupted)
				<-request.Context().Done() // when the grace is over
			}
			return inmemory.Empty(request)
		})
		install := &Install{Read: configMaps(t, "a", "b"), Cluster: connect(t, server), Namespace: manifest.Namespace{Name: "mesh"}, Skip: skipAll(), Wait: true}
		_, err := install.Run(ctx)
		want := []string{
			"maps.yaml, document 1 (line 2): configmap mesh/a: a is not for you",
			"interrupted: 1 of 3 objects applied; rerun the same command to continue",
		}
		if err == nil || err.Error() != strings.Join(want, "\n") {
			t.Errorf("the error is\n%v, want\n%s", err, strings.Join(want, "\n"))
		}
		var refusal *apply.RefusalError
		var told *InterruptedError
		if !errors.As(err, &refusal) || !apierrors.IsInvalid(err) || !errors.As(err, &told) || !errors.Is(err, interrupted) {
			t.Errorf("%#v hides what it says", err)
		}
	})
}

// TestCheckedThenEnded is the same where nothing is written.
func TestCheckedThenEnded(t *testing.T) {
	refused := errors.New("refused")
	over, cancel := context.WithTimeoutCause(t.Context(), 0, cluster.ErrTimeout)
	defer cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context
		err  error
		want string
	}{
		{"it goes on", t.Context(), refused, "refused"},
		{"refused", over, errors.Join(refused, &manifest.InputError{Err: context.DeadlineExceeded}), "refused\ntimed out"},
		{"cut off", over, errors.Join(&manifest.InputError{Err: cluster.ErrTimeout}, context.Canceled), "timed out"},
		{"nothing", over, nil, "timed out"},
	} {
		if got := cluster.CauseOf(test.ctx, test.err); got.Error() != test.want || errors.Is(got, cluster.ErrTimeout) != (test.ctx == over) {
			t.Errorf("%s: it says %v", test.name, got)
		}
	}
}
