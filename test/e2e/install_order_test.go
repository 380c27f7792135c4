package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestYieldsToIstiod leaves to istiod what istiod has taken over: it switches
// its validators to failurePolicy Fail once it serves.
func TestYieldsToIstiod(t *testing.T) {
	t.Parallel()
	u := newUser(t, startCluster(t, "yields").Kubeconfig)
	u.must(t, "kubectl", "istio-demo", "install", "--addons=none")
	policy := func(name string) string {
		return u.must(t, "kubectl", "get", "validatingwebhookconfiguration", name, "-o", "jsonpath={.webhooks[0].failurePolicy}")
	}
	for name, webhook := range map[string]string{
		"istio-validator-istio-system": "rev.validation.istio.io",
		"istiod-default-validator":     "validation.istio.io",
	} {
		if got := policy(name); got != "Ignore" {
			t.Fatalf("%s begins with %s", name, got)
		}
		u.must(t, "kubectl", "patch", "validatingwebhookconfiguration", name, "--field-manager=pilot-discovery", "-p",
			fmt.Sprintf(`{"webhooks":[{"name":%q,"failurePolicy":"Fail"}]}`, webhook))
		again := u.run(t, "kubectl", "istio-demo", "install", "--addons=none")
		if again.code != 0 || !strings.HasPrefix(summary(again.stderr), "0 created, 0 configured, 46 unchanged") {
			t.Errorf("exit code %d\n%s", again.code, again.stderr)
		}
		if got := policy(name); got != "Fail" {
			t.Errorf("%s was flipped back to %s", name, got)
		}
	}
}

// TestAccountsFirst applies token Secrets before their accounts in the file,
// which the token controller would delete, and bindings before their roles,
// which a namespace's administrator may bind only if they exist.
func TestAccountsFirst(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	var content strings.Builder
	for n := range 20 {
		fmt.Fprintf(&content, `---
apiVersion: v1
kind: Secret
metadata: {name: token-%[1]d, annotations: {kubernetes.io/service-account.name: account-%[1]d}}
type: kubernetes.io/service-account-token
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding-%[1]d}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: role-%[1]d}
subjects: [{kind: ServiceAccount, name: account-%[1]d, namespace: accounts}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: role-%[1]d}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: account-%[1]d}
`, n)
	}
	path := write(t, "accounts.yaml", content.String())
	u.must(t, "kubectl", "create", "namespace", "accounts")
	u.must(t, "kubectl", "create", "rolebinding", "admin", "--clusterrole=admin", "--user=owner", "-n", "accounts")
	u.must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "accounts", "--as", "owner")
	// The controller has looked at a Secret when it has filled in the token.
	for n := range 20 {
		u.must(t, "kubectl", "wait", "--for=jsonpath={.data.token}", "-n", "accounts", "--timeout=30s", fmt.Sprintf("secret/token-%d", n))
	}
}

// TestTableIsNoCondition installs as somebody who may not look at pods.
func TestTableIsNoCondition(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "blind")
	u.must(t, "kubectl", "create", "role", "writer", "-n", "blind", "--verb=get,create,patch", "--resource=configmaps")
	u.must(t, "kubectl", "create", "rolebinding", "writer", "-n", "blind", "--role=writer", "--user=writer")
	got := u.run(t, "kubectl", "istio-demo", "install", "-n", "blind", "--as", "writer", "-f",
		write(t, "own.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"))
	if got.code != 0 || !strings.Contains(got.stderr, "warning: the pods cannot be shown: pods is forbidden") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	// The namespace could not be looked at and is not counted.
	if !strings.HasPrefix(summary(got.stderr), "1 created, 0 configured, 0 unchanged") {
		t.Errorf("it says %q", summary(got.stderr))
	}
}

// TestSilentPipe gives up in time on a pipe that says nothing.
func TestSilentPipe(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	command := u.command(t, "kubectl", "istio-demo", "install", "-f", "-", "--timeout", "1s")
	command.Stdin = read
	output, err := command.CombinedOutput()
	if err == nil || command.ProcessState.ExitCode() != 3 || string(output) != "error: timed out after 1s before anything was applied; run the same command again\n" {
		t.Errorf("%v\n%s", err, output)
	}
}
