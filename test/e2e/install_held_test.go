package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// rootBound has a Deployment that may write ConfigMaps, two that mount one which
// nobody brings, and one that needs nothing.
var rootBound = fixture.Join(`apiVersion: v1
kind: ServiceAccount
metadata: {name: writer}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: writer}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: writer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: writer}
subjects: [{kind: ServiceAccount, name: writer}]
`,
	fixture.Deployment("apart"),
	fixture.Deployment("gateway", "volumes: [{name: root, configMap: {name: root-cert}}]"),
	fixture.Deployment("ready", "volumes: [{name: root, configMap: {name: root-cert, optional: true}}]"),
	fixture.Deployment("writer", "serviceAccountName: writer"),
)

// TestInstallHeldUntilConfigMap creates a Deployment as soon as the ConfigMap is there that
// it mounts, and nothing is asked for that when all of it runs.
func TestInstallHeldUntilConfigMap(t *testing.T) {
	shared := controlplane.Shared(t).Kubeconfig
	recorder := apiproxy.New(t, shared)
	u, recorded := user.New(t, shared), user.New(t, recorder.Kubeconfig)
	path := user.File(t, "root.yaml", rootBound)
	install := recorded.Start(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "held")
	install.WaitFor(t, `  deployment held/gateway: waiting for ConfigMap root-cert, which writer writes`)
	u.Must(t, "kubectl", "wait", "--for=create", "deployment/writer", "-n", "held", "--timeout=30s")
	if early := u.Run(t, "kubectl", "get", "deployment", "gateway", "-n", "held"); early.Code == 0 {
		t.Error("the gateway is created before its ConfigMap")
	}
	u.Must(t, "kubectl", "create", "configmap", "root-cert", "-n", "held")
	if got := install.Wait(); got.Code != 0 || !strings.HasPrefix(got.Summary(), "8 created, 0 configured, 0 unchanged") {
		t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
	}
	created := func(object string) time.Time {
		at, err := time.Parse(time.RFC3339, u.Must(t, "kubectl", "get", object, "-n", "held", "-o", "jsonpath={.metadata.creationTimestamp}"))
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if took := created("deployment/gateway").Sub(created("configmap/root-cert")); took < 0 || took > time.Second {
		t.Errorf("the gateway was created %s after its ConfigMap", took)
	}
	requests, _ := recorder.Drain()
	count := 0
	for _, request := range requests {
		if strings.Contains(request, "/configmaps?") && strings.Contains(request, "root-cert") || strings.Contains(request, "involvedObject") {
			count++
		}
	}
	if count != 2 {
		t.Errorf("of %d requests, %d are for what was held, not a watch of the ConfigMap and one of events:\n%s", len(requests), count, strings.Join(requests, "\n"))
	}
	if again := recorded.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "held"); again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 8 unchanged") {
		t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
	}
	requests, _ = recorder.Drain()
	for _, request := range requests {
		if strings.Contains(request, "watch=") || strings.Contains(request, "/events") {
			t.Errorf("again: %s", request)
		}
	}
}

// TestInstallHeldInVain creates a Deployment all the same when everything else is ready and
// nobody has written what it mounts, or when half of the time is over.
func TestInstallHeldInVain(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	stuck := strings.Replace(rootBound, "serviceAccountName: writer", "serviceAccountName: writer, nodeSelector: {no: where}", 1)
	for name, test := range map[string]struct {
		manifest string
		code     int
	}{
		"vain": {rootBound, 0}, "vain-stuck": {stuck, 3},
	} {
		path := user.File(t, "root.yaml", test.manifest)
		began := time.Now()
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", name, "--timeout=20s")
		if told := fmt.Sprintf("  deployment %s/gateway: waiting for ConfigMap root-cert, which writer writes\n", name); got.Code != test.code || !strings.Contains(got.Stderr, told) {
			t.Errorf("%s: exit code %d\n%s", name, got.Code, got.Stderr)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
		u.Must(t, "kubectl", "get", "deployment/gateway", "-n", name)
	}
}

// TestInstallHeldThenRefused says what the server refuses of what was held, and that
// the rest is applied.
func TestInstallHeldThenRefused(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "root.yaml", strings.Replace(rootBound, "metadata: {name: gateway}\nspec:", "metadata: {name: gateway}\nspec:\n  replica: 1", 1))
	install := u.Start(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "held-refused")
	install.WaitFor(t, `  deployment held-refused/gateway: waiting for .*`)
	u.Must(t, "kubectl", "create", "configmap", "root-cert", "-n", "held-refused")
	got := install.Wait()
	lines := got.Errors()
	if got.Code != 1 || len(lines) != 1 || !strings.Contains(lines[0], "deployment held-refused/gateway: ") || !strings.Contains(lines[0], "field not declared in schema") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if !strings.Contains(got.Stderr, "  stopped: ") {
		t.Errorf("it does not say what was applied:\n%s", got.Stderr)
	}
}

// TestInstallHeldInterrupted presses Ctrl-C while something is held.
func TestInstallHeldInterrupted(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "root.yaml", rootBound)
	install := u.Start(t, "kubectl-istio_demo", "install", "-f", path, "-n", "held-interrupted")
	for range 2 { // or one of them would be named instead
		install.WaitFor(t, `  deployment held-interrupted/(apart|ready): ready`)
	}
	got := install.End(t, os.Interrupt)
	lines := got.Errors()
	want := `^error: interrupted: [67] of 8 objects applied, deployment held-interrupted/gateway is not ready: waiting for ConfigMap root-cert, which writer writes.*; rerun the same command to continue$`
	if got.Code != 130 || len(lines) != 1 || !regexp.MustCompile(want).MatchString(lines[0]) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
}
