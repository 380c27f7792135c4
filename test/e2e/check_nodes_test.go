package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestCheckNodes changes the nodes of a cluster of its own.
func TestCheckNodes(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "checks").Kubeconfig)
	u.Must(t, "kubectl", "wait", "node", "--all", "--for=condition=Ready", "--timeout=100s")
	big := user.File(t, "big.yaml", tooBig)

	t.Run("capacity", func(t *testing.T) {
		_, findings := check(t, u, "-f", big)
		found(t, findings, "capacity", "warn", `no node has room for a pod of deployment istio-system/big: it requests cpu 1k, memory 0, pods 1, and a node has at most about cpu \d+, .*`)
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", big, "--wait=false")
		if got.Code != 0 || strings.Count(got.Stderr, "warning: no node has room for a pod of deployment istio-system/big") != 1 {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		if got := u.Run(t, "kubectl", "istio-demo", "install", "-f", big, "--wait=false"); strings.Contains(got.Stderr, "warning: no node has room") {
			t.Errorf("what is there already is warned of:\n%s", got.Stderr)
		}
	})
	t.Run("load balancer", func(t *testing.T) {
		u.Must(t, "kubectl", "create", "service", "loadbalancer", "edge", "-n", "default", "--tcp=80")
		u.Must(t, "kubectl", "patch", "service", "edge", "-n", "default", "--subresource=status", "-p", `{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"}]}}}`)
		_, findings := check(t, u)
		found(t, findings, "loadbalancer", "pass", "likely to get an address: service default/edge has one")
		u.Must(t, "kubectl", "patch", "node", "node-000000", "-p", `{"spec":{"providerID":"aws:///eu-west-1a/i-0abc"}}`)
		_, findings = check(t, u)
		found(t, findings, "loadbalancer", "pass", "likely to get an address: nodes are provided by aws")
	})
	t.Run("architecture", func(t *testing.T) {
		u.Must(t, "kubectl", "label", "node", "node-000001", "kubernetes.io/arch=s390x", "--overwrite")
		_, findings := check(t, u)
		found(t, findings, "architectures", "warn", `images are built for amd64 and arm64, but pods may be scheduled on other nodes: node node-000001 \(s390x\)`)
		// As the remedy says.
		u.Must(t, "kubectl", "taint", "node", "node-000001", "kubernetes.io/arch=other:NoSchedule")
		_, findings = check(t, u)
		found(t, findings, "architectures", "pass", ".*")
		u.Must(t, "kubectl", "label", "node", "--all", "kubernetes.io/arch=s390x", "--overwrite")
		got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none")
		if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], "error: images are built for amd64 and arm64, but no such node accepts deployment istio-system/istiod, ") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		_, findings = check(t, u, "--hub", "registry.example.com/s390x")
		found(t, findings, "architectures", "unknown", "not checked: image architectures unknown")
		_, findings = check(t, u, "--skip-checks=architectures,capacity")
		if slices.ContainsFunc(findings, func(finding finding) bool { return finding.Name == "architectures" || finding.Name == "capacity" }) {
			t.Errorf("what is skipped is there: %+v", findings)
		}
	})
	t.Run("no node", func(t *testing.T) {
		u.Must(t, "kubectl", "cordon", "node-000000", "node-000002")
		_, findings := check(t, u)
		found(t, findings, "capacity", "warn", `no ready node accepts the pods of deployment istio-system/istiod, .* \(taints, nodeSelector, node affinity\)`)
	})
}
