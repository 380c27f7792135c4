package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestDiff compares an installed demo with what is on the cluster.
func TestDiff(t *testing.T) {
	controlplane.SharedDemo(t)
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	same := func(t *testing.T) {
		t.Helper()
		got := u.Run(t, "kubectl", "istio-demo", "diff", "--addons=none")
		if got.Code != 0 || got.Stdout != "" || got.Stderr != "" {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		recorder.WantNoWrites(t)
	}
	t.Run("nothing differs", same)
	t.Run("istiod's field", func(t *testing.T) {
		for _, policy := range []string{"Fail", "Ignore"} {
			u.Must(t, "kubectl", "patch", "validatingwebhookconfiguration", "istiod-default-validator", "--field-manager=pilot-discovery",
				"-p", `{"webhooks":[{"name":"validation.istio.io","failurePolicy":"`+policy+`"}]}`)
			recorder.Drain()
			same(t)
		}
	})
	t.Run("a value", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "diff", "--addons=none", "--set", "pilot.traceSampling=7")
		if got.Code != 1 || got.Stderr != "" || !strings.Contains(got.Stdout, "\n-          value: \"100\"\n+          value: \"7\"\n") ||
			!strings.Contains(got.Stdout, "diff -u -N ") || strings.Contains(got.Stdout, "generation") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		recorder.WantNoWrites(t)
	})
	t.Run("another program", func(t *testing.T) {
		u := user.New(t, recorder.Kubeconfig)
		u.Environment = append(u.Environment, "KUBECTL_EXTERNAL_DIFF=diff -r -q")
		got := u.Run(t, "kubectl", "istio-demo", "diff", "--addons=none", "--set", "pilot.traceSampling=7")
		if got.Code != 1 || strings.Count(got.Stdout, "\n") != 2 || !strings.Contains(got.Stdout, "apps.v1.Deployment.istio-system.istiod differ\n") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		u.Environment = append(u.Environment, "KUBECTL_EXTERNAL_DIFF=no-such-program")
		if got := u.Run(t, "kubectl", "istio-demo", "diff", "--addons=none", "--set", "pilot.traceSampling=7"); got.Code < 2 || len(got.Errors()) != 1 {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	})
	recorder.Drain()
	t.Run("a fault", func(t *testing.T) {
		for _, test := range []struct {
			flags []string
			want  string
		}{
			{[]string{"--server", "http://127.0.0.1:1"}, "cannot reach the API server http://127.0.0.1:1"},
			{[]string{"--context", "nope"}, `context "nope" does not exist`},
			{[]string{"-f", "/no/such/file"}, "/no/such/file"},
			{[]string{"--as", "nobody"}, "forbidden"},
			{[]string{"--timeout", "1ms"}, "timed out after 1ms"},
			{[]string{"--timeout", "0"}, "--timeout must be longer than 0"},
			{[]string{"surplus"}, "takes no arguments"},
		} {
			got := u.Run(t, append([]string{"kubectl", "istio-demo", "diff", "--addons=none"}, test.flags...)...)
			lines := got.Errors()
			if got.Code < 2 || got.Stdout != "" || len(lines) == 0 || !strings.Contains(lines[0], test.want) {
				t.Errorf("%v: exit code %d\n%s%s", test.flags, got.Code, got.Stdout, got.Stderr)
			}
		}
		recorder.WantNoWrites(t)
	})
}

// secretive has a Secret, and something besides.
const secretive = `apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: hidden-1, user: hidden-2}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: demo}
`

// TestDiffObjects shows objects that come, change and go, and no secrets.
func TestDiffObjects(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	diff := func(content string, flags ...string) user.Result {
		t.Helper()
		path := user.File(t, "manifest.yaml", content)
		recorder.Drain()
		got := u.Run(t, append([]string{"kubectl", "istio-demo", "diff", "-n", "differs", "-f", path}, flags...)...)
		recorder.WantNoWrites(t)
		if strings.Contains(got.Stdout, "hidden") || strings.Contains(got.Stdout, "aGlkZGVu") {
			t.Errorf("it shows what is secret:\n%s", got.Stdout)
		}
		return got
	}
	has := func(name string, got user.Result, wants ...string) {
		t.Helper()
		if got.Code != 1 || got.Stderr != "" {
			t.Errorf("%s: exit code %d\n%s", name, got.Code, got.Stderr)
		}
		for _, want := range wants {
			if !strings.Contains(got.Stdout, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, got.Stdout)
			}
		}
	}
	has("nothing is there", diff(secretive), "+kind: Namespace\n", "+  mode: demo\n", "+  name: keys\n")
	u.Must(t, "kubectl", "create", "namespace", "differs")
	has("an empty namespace", diff(secretive), "+  mode: demo\n", "+  password: '***'\n", "+  user: '***'\n")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "differs", "-f", user.File(t, "manifest.yaml", secretive))
	if got := diff(secretive); got.Code != 0 || got.Stdout+got.Stderr != "" {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	has("a changed secret", diff(strings.Replace(secretive, "hidden-1", "hidden-3", 1)),
		"-  password: '*** (before)'\n+  password: '*** (after)'\n")
	u.Must(t, "kubectl", "patch", "configmap", "settings", "-n", "differs", "-p", `{"data":{"mode":"mine"}}`)
	has("what a person has changed", diff(secretive), "-  mode: mine\n+  mode: demo\n")
	onlySettings := strings.SplitN(secretive, "---\n", 2)[1]
	has("a pruned secret", diff(onlySettings), "-kind: Secret\n", "-  password: '***'\n")
	if got := diff(onlySettings, "--prune=false"); got.Code != 1 || strings.Contains(got.Stdout, "Secret") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	has("managed fields", diff(secretive, "--show-managed-fields"), "manager: kubectl-patch\n")
}
