package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// ingress is a Gateway that Istio's validating webhook judges.
const ingress = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ingress, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
`

// TestInstallIstiodDown takes istiod away from an installation with a Gateway,
// which then nobody judges: check warns, diff shows the rest at once, and an
// install brings istiod back. Played nodes have no istiod to answer, so that the
// webhook lets pass again what the last step applies.
func TestInstallIstiodDown(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "down").Kubeconfig)
	plain := u.Must(t, "kubectl", "istio-demo", "manifest", "--addons=none", "-o", "yaml")
	path := user.File(t, "mesh.yaml", plain+ingress)
	u.Must(t, "kubectl", "istio-demo", "install", "-f", path)
	policy := func(policy string) {
		u.Must(t, "kubectl", "patch", "validatingwebhookconfiguration", "istiod-default-validator", "--field-manager=pilot-discovery",
			"-p", `{"webhooks":[{"name":"validation.istio.io","failurePolicy":"`+policy+`"}]}`)
	}
	u.Must(t, "kubectl", "label", "gateways.networking.istio.io", "ingress", "-n", "istio-system", "mine=yes") // a field of another manager
	u.Must(t, "kubectl", "delete", "deployment", "istiod", "-n", "istio-system", "--cascade=foreground")
	u.Until(t, func(got user.Result) bool { return strings.TrimSpace(got.Stdout) == "" },
		"kubectl", "get", "endpointslices", "-n", "istio-system", "-l", "kubernetes.io/service-name=istiod", "-o", `jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses}`)
	policy("Fail")

	t.Run("check", func(t *testing.T) {
		code, findings := check(t, u, "-f", path)
		found(t, findings, "webhooks", "warn", `service istio-system/istiod of validatingwebhookconfiguration istiod-default-validator has no ready endpoints `+
			`and has to judge gateways\.networking\.istio\.io in namespace istio-system \(webhook validation\.istio\.io\)`)
		found(t, findings, "conflicts", "pass", "no field conflicts")
		if code != 0 {
			t.Errorf("exit code %d, %+v", code, findings)
		}
	})
	t.Run("diff", func(t *testing.T) {
		began := time.Now()
		got := u.Run(t, "kubectl", "istio-demo", "diff", "-f", path)
		const want = "warning: service istio-system/istiod does not answer (webhook validation.istio.io), so these objects are not compared: gateway istio-system/ingress; " +
			"'kubectl istio-demo install' with the same flags repairs it\n"
		if got.Code != 1 || got.Stderr != "  an admission webhook does not answer; retrying\n"+want || !strings.Contains(got.Stdout, "\n+kind: Deployment\n") || strings.Contains(got.Stdout, "kind: Gateway\n") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
	})
	t.Run("install", func(t *testing.T) {
		dry := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "--dry-run=server")
		if dry.Code != 0 || !strings.Contains(dry.Stdout, "gateway.networking.istio.io/ingress created (server dry run, not validated)\n") {
			t.Errorf("exit code %d\n%s%s", dry.Code, dry.Stdout, dry.Stderr)
		}
		policy("Ignore")
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path)
		if got.Code != 0 || !strings.HasPrefix(got.Summary(), "1 created, ") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		if again := u.Run(t, "kubectl", "istio-demo", "diff", "-f", path); again.Code != 0 {
			t.Errorf("exit code %d\n%s%s", again.Code, again.Stdout, again.Stderr)
		}
	})
}
