package e2e

import (
	"strings"
	"testing"
)

// TestDiff compares an installed demo with what is on the cluster.
func TestDiff(t *testing.T) {
	sharedDemo(t)
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	same := func(t *testing.T) {
		t.Helper()
		got := u.run(t, "kubectl", "istio-demo", "diff", "--addons=none")
		if got.code != 0 || got.stdout != "" || got.stderr != "" {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		recorder.wantNoWrites(t)
	}
	t.Run("nothing differs", same)
	t.Run("istiod's field", func(t *testing.T) {
		for _, policy := range []string{"Fail", "Ignore"} {
			u.must(t, "kubectl", "patch", "validatingwebhookconfiguration", "istiod-default-validator", "--field-manager=pilot-discovery",
				"-p", `{"webhooks":[{"name":"validation.istio.io","failurePolicy":"`+policy+`"}]}`)
			recorder.take()
			same(t)
		}
	})
	t.Run("a value", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "diff", "--addons=none", "--set", "pilot.traceSampling=7")
		if got.code != 1 || got.stderr != "" || !strings.Contains(got.stdout, "\n-          value: \"100\"\n+          value: \"7\"\n") ||
			!strings.Contains(got.stdout, "diff -u -N ") || strings.Contains(got.stdout, "generation") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		recorder.wantNoWrites(t)
	})
	t.Run("another program", func(t *testing.T) {
		u := newUser(t, recorder.kubeconfig)
		u.environment = append(u.environment, "KUBECTL_EXTERNAL_DIFF=diff -r -q")
		got := u.run(t, "kubectl", "istio-demo", "diff", "--addons=none", "--set", "pilot.traceSampling=7")
		if got.code != 1 || strings.Count(got.stdout, "\n") != 2 || !strings.Contains(got.stdout, "apps.v1.Deployment.istio-system.istiod differ\n") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		u.environment = append(u.environment, "KUBECTL_EXTERNAL_DIFF=no-such-program")
		if got := u.run(t, "kubectl", "istio-demo", "diff", "--addons=none", "--set", "pilot.traceSampling=7"); got.code < 2 || len(errorLines(got.stderr)) != 1 {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
	})
	recorder.take()
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
			got := u.run(t, append([]string{"kubectl", "istio-demo", "diff", "--addons=none"}, test.flags...)...)
			lines := errorLines(got.stderr)
			if got.code < 2 || got.stdout != "" || len(lines) == 0 || !strings.Contains(lines[0], test.want) {
				t.Errorf("%v: exit code %d\n%s%s", test.flags, got.code, got.stdout, got.stderr)
			}
		}
		recorder.wantNoWrites(t)
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
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	diff := func(content string, flags ...string) result {
		t.Helper()
		path := write(t, "manifest.yaml", content)
		recorder.take()
		got := u.run(t, append([]string{"kubectl", "istio-demo", "diff", "-n", "differs", "-f", path}, flags...)...)
		recorder.wantNoWrites(t)
		if strings.Contains(got.stdout, "hidden") || strings.Contains(got.stdout, "aGlkZGVu") {
			t.Errorf("it shows what is secret:\n%s", got.stdout)
		}
		return got
	}
	has := func(name string, got result, wants ...string) {
		t.Helper()
		if got.code != 1 || got.stderr != "" {
			t.Errorf("%s: exit code %d\n%s", name, got.code, got.stderr)
		}
		for _, want := range wants {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, got.stdout)
			}
		}
	}
	has("nothing is there", diff(secretive), "+kind: Namespace\n", "+  mode: demo\n", "+  name: keys\n")
	u.must(t, "kubectl", "create", "namespace", "differs")
	has("an empty namespace", diff(secretive), "+  mode: demo\n", "+  password: '***'\n", "+  user: '***'\n")
	u.must(t, "kubectl", "istio-demo", "install", "-n", "differs", "-f", write(t, "manifest.yaml", secretive))
	if got := diff(secretive); got.code != 0 || got.stdout+got.stderr != "" {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	has("a changed secret", diff(strings.Replace(secretive, "hidden-1", "hidden-3", 1)),
		"-  password: '*** (before)'\n+  password: '*** (after)'\n")
	u.must(t, "kubectl", "patch", "configmap", "settings", "-n", "differs", "-p", `{"data":{"mode":"mine"}}`)
	has("what a person has changed", diff(secretive), "-  mode: mine\n+  mode: demo\n")
	onlySettings := strings.SplitN(secretive, "---\n", 2)[1]
	has("a pruned secret", diff(onlySettings), "-kind: Secret\n", "-  password: '***'\n")
	if got := diff(onlySettings, "--prune=false"); got.code != 1 || strings.Contains(got.stdout, "Secret") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	has("managed fields", diff(secretive, "--show-managed-fields"), "manager: kubectl-patch\n")
}
