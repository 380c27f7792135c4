package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// formerTracing is what earlier releases installed with Jaeger.
const formerTracing = `---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: istio-demo-tracing, namespace: istio-system}
spec: {tracing: [{providers: [{name: jaeger}]}]}
`

// TestInstallMovesTracing takes an installation whose Telemetry keeps the user's
// from having an effect over to the mesh configuration, which comes first.
func TestInstallMovesTracing(t *testing.T) {
	t.Parallel()
	recorder := apiproxy.New(t, controlplane.Start(t, "tracing").Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	plain := u.Must(t, "kubectl", "istio-demo", "manifest", "--addons=none", "-o", "yaml")
	former := user.File(t, "former.yaml", plain+formerTracing)
	u.Must(t, "kubectl", "istio-demo", "install", "-f", former, "--timeout=3m")
	u.Pipe(t, strings.Replace(formerTracing, "istio-demo-tracing", "mesh-default", 1), "kubectl", "apply", "-f", "-")
	const competing = "of the 2 Telemetries for the whole mesh in namespace istio-system only the oldest counts: istio-demo-tracing; without effect: mesh-default"
	_, findings := check(t, u, "-f", former)
	found(t, findings, "telemetry", "warn", competing)
	if status := u.Must(t, "kubectl", "istio-demo", "status"); !strings.HasSuffix(status, "\nwarning: "+competing+"; merge them into one: kubectl get telemetries -n istio-system -o yaml\n") {
		t.Errorf("status prints\n%s", status)
	}

	_, findings = check(t, u) // which prunes the former one
	found(t, findings, "telemetry", "pass", "Telemetries do not compete")
	recorder.Drain()
	got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=jaeger")
	if got.Code != 0 || !strings.Contains(got.Summary(), " unchanged, 1 pruned in ") || strings.Contains(got.Stderr, competing) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	_, writes := recorder.Drain()
	place := func(want string) int {
		return slices.IndexFunc(writes, func(write string) bool { return strings.Contains(write, want) && !strings.Contains(write, "dryRun") })
	}
	applied := place("/namespaces/istio-system/configmaps/istio?")
	pruned := place("DELETE /apis/telemetry.istio.io/v1/namespaces/istio-system/telemetries/istio-demo-tracing")
	if applied < 0 || pruned < applied {
		t.Errorf("the mesh configuration is write %d, the pruned Telemetry %d of %q", applied, pruned, writes)
	}
	mesh := u.Must(t, "kubectl", "get", "configmap", "istio", "-n", "istio-system", "-o", "jsonpath={.data.mesh}")
	if !strings.Contains(mesh, "defaultProviders:\n  metrics:\n  - prometheus\n  tracing:\n  - jaeger\n") {
		t.Errorf("the mesh configuration is\n%s", mesh)
	}
	u.Must(t, "kubectl", "get", "telemetry", "mesh-default", "-n", "istio-system")
}
