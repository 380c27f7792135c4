package install

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

// TestUnreserved keeps the inventory's place free.
func TestUnreserved(t *testing.T) {
	for _, test := range []struct {
		kind, namespace, name string
		want                  string
	}{
		{"ConfigMap", "mesh", "istio-demo", "demo.yaml, document 1 (line 1): configmap mesh/istio-demo is reserved for the inventory; rename it"},
		{"ConfigMap", "", "istio-demo", "demo.yaml, document 1 (line 1): configmap mesh/istio-demo is reserved for the inventory; rename it"},
		{"ConfigMap", "mesh", "istio", ""},
		{"Secret", "mesh", "istio-demo", ""},
	} {
		object := manifest.Object{Unstructured: &unstructured.Unstructured{}, Source: manifest.Source{File: "demo.yaml", Document: 1, Line: 1}}
		object.SetAPIVersion("v1")
		object.SetKind(test.kind)
		object.SetName(test.name)
		object.SetNamespace(test.namespace)
		_, _, err := Plan([]manifest.Object{object}, manifest.Namespace{Name: "mesh"}, false)
		var input *manifest.InputError
		if errors.As(err, &input) != (test.want != "") || err != nil && err.Error() != test.want {
			t.Errorf("%s %s/%s: %v", test.kind, test.namespace, test.name, err)
		}
	}
}

// TestInterrupted says what was waited for, and leaves other errors alone.
func TestInterrupted(t *testing.T) {
	over, cancel := context.WithTimeoutCause(t.Context(), 0, cluster.ErrTimeout)
	defer cancel()
	stuck := &remove.StuckError{Cause: cluster.ErrTimeout, Stuck: []remove.Stuck{{Object: event.Object{Kind: "ConfigMap", Namespace: "mesh", Name: "a"}}}}
	refused := errors.New("refused")
	cut := fmt.Errorf("cannot read it: %w", &url.Error{Op: "Get", URL: "https://cluster.example.com", Err: context.DeadlineExceeded})
	login := fmt.Errorf("cannot read it: %w", &url.Error{Op: "Get", URL: "https://cluster.example.com", Err: errors.New("getting credentials: exec: interrupted")})
	waiting := &ready.NotReadyError{Cause: cluster.ErrTimeout, Pending: []ready.Pending{{Target: ready.Target{Ref: event.Object{Kind: "Thing", Name: "a"}}, Message: "not yet"}}}
	for _, test := range []struct {
		name    string
		ctx     context.Context
		err     error
		applied int
		want    string
	}{
		{"at first", over, &manifest.InputError{Err: cluster.ErrTimeout}, 0, "timed out before anything was applied; rerun the same command"},
		{"on the way", over, cut, 3, "timed out: 3 of 5 objects applied; rerun the same command to continue"},
		{"while it waits", over, waiting, 5, "timed out: 5 of 5 objects applied, thing a is not ready: not yet; rerun the same command to continue"},
		{"after a refusal", over, errors.Join(errors.Join(refused, cluster.ErrTimeout), waiting), 3, "refused\ntimed out: 3 of 5 objects applied, thing a is not ready: not yet; rerun the same command to continue"},
		{"during a login", over, login, 0, "timed out before anything was applied; rerun the same command"},
		{"while it prunes", over, stuck, 5, "timed out: configmap mesh/a is deleted, but its dependents still exist; rerun the same command to keep waiting"},
		{"for another reason", t.Context(), refused, 3, "refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := (&Install{}).interrupted(test.ctx, test.err, test.applied, 5)
			if got.Error() != test.want {
				t.Errorf("it says %v", got)
			}
			if told := strings.Contains(test.want, "refused"); errors.Is(got, refused) != told || errors.Is(got, cluster.ErrTimeout) != (test.ctx == over) {
				t.Errorf("%#v hides what it says", got)
			}
		})
	}
}
