package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallKeepsFieldsOfIstiod leaves to istiod what istiod has taken over: it switches
// its validators to failurePolicy Fail once it serves.
func TestInstallKeepsFieldsOfIstiod(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "yields").Kubeconfig)
	u.Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	policy := func(name string) string {
		return u.Must(t, "kubectl", "get", "validatingwebhookconfiguration", name, "-o", "jsonpath={.webhooks[0].failurePolicy}")
	}
	for name, webhook := range map[string]string{
		"istio-validator-istio-system": "rev.validation.istio.io",
		"istiod-default-validator":     "validation.istio.io",
	} {
		if got := policy(name); got != "Ignore" {
			t.Fatalf("%s begins with %s", name, got)
		}
		u.Must(t, "kubectl", "patch", "validatingwebhookconfiguration", name, "--field-manager=pilot-discovery", "-p",
			fmt.Sprintf(`{"webhooks":[{"name":%q,"failurePolicy":"Fail"}]}`, webhook))
		again := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none")
		if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 46 unchanged") {
			t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
		}
		if got := policy(name); got != "Fail" {
			t.Errorf("%s was flipped back to %s", name, got)
		}
	}
}

// TestInstallServiceAccountsFirst applies token Secrets before their accounts in the file,
// which the token controller would delete, and bindings before their roles,
// which a namespace's administrator may bind only if they exist.
func TestInstallServiceAccountsFirst(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
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
	path := user.File(t, "accounts.yaml", content.String())
	u.Must(t, "kubectl", "create", "namespace", "accounts")
	u.Must(t, "kubectl", "create", "rolebinding", "admin", "--clusterrole=admin", "--user=owner", "-n", "accounts")
	u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "accounts", "--as", "owner")
	// The controller has looked at a Secret when it has filled in the token.
	for n := range 20 {
		u.Must(t, "kubectl", "wait", "--for=jsonpath={.data.token}", "-n", "accounts", "--timeout=30s", fmt.Sprintf("secret/token-%d", n))
	}
}

// TestInstallWithoutPodPermission installs as somebody who may not look at pods.
func TestInstallWithoutPodPermission(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "blind")
	u.Must(t, "kubectl", "create", "role", "writer", "-n", "blind", "--verb=get,create,patch", "--resource=configmaps")
	u.Must(t, "kubectl", "create", "rolebinding", "writer", "-n", "blind", "--role=writer", "--user=writer")
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "blind", "--as", "writer", "-f",
		user.File(t, "own.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"))
	if got.Code != 0 || !strings.Contains(got.Stderr, "warning: the pods cannot be shown: pods is forbidden") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	// The namespace could not be looked at and is not counted.
	if !strings.HasPrefix(got.Summary(), "1 created, 0 configured, 0 unchanged") {
		t.Errorf("it says %q", got.Summary())
	}
}

// TestInstallSilentPipe gives up in time on a pipe that says nothing.
func TestInstallSilentPipe(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	command := u.Command(t, "kubectl", "istio-demo", "install", "-f", "-", "--timeout", "1s")
	command.Stdin = read
	output, err := command.CombinedOutput()
	if err == nil || command.ProcessState.ExitCode() != 3 || string(output) != "error: timed out after 1s before anything was applied; rerun the same command\n" {
		t.Errorf("%v\n%s", err, output)
	}
}
