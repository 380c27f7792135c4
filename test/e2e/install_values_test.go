package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallValues mistypes values. Every command that renders the charts says
// so, in the same words and before it asks the cluster anything.
func TestInstallValues(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	file := user.File(t, "mesh.yaml", "meshConfig:\n  accesLogFile: /dev/stdout\n")
	flags := []string{"--values", file, "--set", "pilot.traceSamplng=10", "--set", "pilot.replicaCount=abc"}
	want := []string{
		"error: --values " + file + ": meshConfig.accesLogFile: no such value; did you mean meshConfig.accessLogFile?",
		"error: --set pilot.replicaCount: must be a number",
		"error: --set pilot.traceSamplng: no such value; did you mean pilot.traceSampling?",
	}
	for _, command := range [][]string{{"install"}, {"install", "--dry-run=client"}, {"check"}, {"diff"}, {"manifest"}, {"images"}, {"rbac"}} {
		t.Run(strings.Join(command, " "), func(t *testing.T) {
			got := u.Run(t, slices.Concat([]string{"kubectl", "istio-demo"}, command, flags)...)
			if got.Code != 2 || got.Stdout != "" || !slices.Equal(got.Errors(), want) {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
			if requests, _ := recorder.Drain(); len(requests) > 0 {
				t.Errorf("the cluster was asked: %v", requests)
			}
		})
	}
	t.Run("from standard input", func(t *testing.T) {
		got := u.Pipe(t, "values: {pilot: {traceSampling: 10}}\n", "kubectl", "istio-demo", "images", "--values", "-")
		want := "error: --values stdin: values.pilot.traceSampling: 'values.' is istioctl's prefix; use pilot.traceSampling"
		if got.Code != 2 || !slices.Equal(got.Errors(), []string{want}) {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	})
	t.Run("unchecked", func(t *testing.T) {
		u.Must(t, "kubectl", "istio-demo", "images", "--set", "pilot.traceSamplng=10", "--skip-schema-validation")
	})
}
