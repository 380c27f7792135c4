package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallSettings has an install remember what the user said, but for what
// looks like a credential, and later ones drop it knowingly or reuse it.
func TestInstallSettings(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "settings").Kubeconfig)
	values := user.File(t, "values.yaml", "global: {proxy: {logLevel: debug}}\nmeshConfig: {defaultConfig: {proxyMetadata: {API_TOKEN: hush}}}\n")
	install := func(flags ...string) user.Result {
		t.Helper()
		got := u.Run(t, append([]string{"kubectl", "istio-demo", "install"}, flags...)...)
		if got.Code != 0 {
			t.Fatalf("install %q: exit code %d\n%s", flags, got.Code, got.Stderr)
		}
		return got
	}
	sampling := func() string {
		return u.Must(t, "kubectl", "get", "deployment", "istiod", "-n", "istio-system", "-o", `jsonpath={.spec.template.spec.containers[0].env[?(@.name=="PILOT_TRACE_SAMPLING")].value}`)
	}
	first := install("--set", "pilot.traceSampling=10", "--values", values, "--addons=none")
	if !strings.Contains(first.Stderr, "warning: meshConfig.defaultConfig.proxyMetadata.API_TOKEN looks like a credential and is not remembered; set it in each install\n") {
		t.Errorf("it says\n%s", first.Stderr)
	}
	if stored := u.Must(t, "kubectl", "get", "configmap", "istio-demo", "-n", "istio-system", "-o", "yaml"); strings.Contains(stored, "hush") {
		t.Errorf("the inventory is\n%s", stored)
	}
	wide := u.Must(t, "kubectl", "istio-demo", "status", "-o", "wide")
	if !strings.Contains(wide, " ready\n  global.proxy.logLevel=debug\n  pilot.traceSampling=10\n  --addons=none\nNAME") {
		t.Errorf("status -o wide printed\n%s", wide)
	}
	var read struct{ Settings json.RawMessage }
	if err := json.Unmarshal([]byte(u.Must(t, "kubectl", "istio-demo", "status", "-o", "json")), &read); err != nil || !strings.Contains(string(read.Settings), `"traceSampling": 10`) {
		t.Errorf("status -o json has %s: %v", read.Settings, err)
	}
	reused := install("--reuse-values", "--set", "meshConfig.defaultConfig.proxyMetadata.API_TOKEN=hush")
	if strings.Contains(reused.Stderr, "last install") || !strings.HasPrefix(reused.Summary(), "0 created, 0 configured, ") || sampling() != "10" {
		t.Errorf("the same again: %s\n%s", reused.Summary(), reused.Stderr)
	}
	u.Must(t, "kubectl", "delete", "service", "istiod", "-n", "istio-system")
	if lost := u.Run(t, "kubectl", "istio-demo", "status"); !strings.Contains(lost.Stdout, "; run 'kubectl istio-demo install --reuse-values'\n") {
		t.Errorf("status printed\n%s", lost.Stdout)
	}
	dropping := "warning: global.proxy.logLevel=debug, pilot.traceSampling=10 were set by the last install and are not now; keep them with --reuse-values, or confirm with --reset-values\n"
	if would := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none", "--dry-run=server"); !strings.Contains(would.Stderr, dropping) || sampling() != "10" {
		t.Errorf("a dry run says\n%s", would.Stderr)
	}
	if reset := install("--addons=none", "--reset-values"); strings.Contains(reset.Stderr, "last install") || sampling() == "10" ||
		!user.Prints(`(?m)^configured: .*deployment istio-system/istiod`)(reset) {
		t.Errorf("it says\n%s", reset.Stderr)
	}
	for flags, want := range map[string]string{
		"--reuse-values --reset-values":   "error: --reuse-values and --reset-values cannot be used together",
		"--reuse-values -f a.yaml":        "error: --reuse-values and --reset-values are for the built-in demo and cannot be used with -f or -k",
		"--reuse-values --dry-run=client": "error: --reuse-values reads the cluster and cannot be used with --dry-run=client",
	} {
		got := u.Run(t, append([]string{"kubectl", "istio-demo", "install"}, strings.Fields(flags)...)...)
		if lines := got.Errors(); got.Code != 2 || len(lines) != 1 || lines[0] != want {
			t.Errorf("install %s: exit code %d\n%s", flags, got.Code, got.Stderr)
		}
	}
}
