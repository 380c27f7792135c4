package cmd

import (
	"errors"
	"net/url"
	"strings"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// TestDescribeAfterTheEnd tells what had failed and that it ended, and the end
// decides the exit code.
func TestDescribeAfterTheEnd(t *testing.T) {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	conn := newConnection(streams)
	command := newRoot(conn, streams, "test")
	signal := &install.InterruptedError{Cause: &Interrupted{syscall.SIGINT}, Applied: 1, Total: 3}
	timeout := &install.InterruptedError{Cause: cluster.ErrTimeout, Applied: 1, Total: 3}
	for _, test := range []struct {
		name        string
		failed, end error
		code        int
	}{
		{"refused, then a signal", errors.New("maps.yaml: configmap a: denied"), signal, exitSignal + int(syscall.SIGINT)},
		{"refused, then --timeout", errors.New("maps.yaml: configmap a: denied"), timeout, exitNotReady},
		{"a faulty manifest", &manifest.InputError{Err: errors.New("maps.yaml: line 2")}, cluster.ErrTimeout, exitNotReady},
		{"credentials refused", apierrors.NewUnauthorized("expired"), timeout, exitNotReady},
		{"no answer", &url.Error{Op: "Get", URL: "https://cluster.example.com", Err: syscall.ECONNREFUSED}, timeout, exitNotReady},
	} {
		t.Run(test.name, func(t *testing.T) {
			message, code := describe(errors.Join(test.failed, test.end), command, conn)
			if lines := strings.Split(message, "\n"); len(lines) != 2 || lines[0] != "error: "+test.failed.Error() || lines[1] != "error: "+test.end.Error() || code != test.code {
				t.Errorf("exit code %d\n%s", code, message)
			}
		})
	}
}
