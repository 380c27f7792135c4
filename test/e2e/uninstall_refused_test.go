package e2e

import (
	"bufio"
	"bytes"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// three is a manifest that goes in three steps.
var three = fixture.Join("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: account}\n",
	fixture.ConfigMap("free"), fixture.ConfigMap("held"), fixture.Deployment("web"))

const finalizer = `{"metadata":{"finalizers":["example.com/hold"]}}`

// TestUninstallStuck names the finalizer that keeps an object, and goes on
// once it is gone. The namespace was there before, and stays.
func TestUninstallStuck(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "stuck")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "stuck", "-f", user.File(t, "three.yaml", three), "--wait=false")
	u.Must(t, "kubectl", "patch", "configmap", "held", "-n", "stuck", "-p", finalizer)
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "stuck", "--yes", "--timeout=4s")
	lines := got.Errors()
	if got.Code != 3 || len(lines) != 2 ||
		lines[0] != `error: timed out after 4s: configmap stuck/held is deleted, but its finalizer example.com/hold blocks the deletion; wait for its controller, or remove the finalizer: kubectl patch configmap held -n stuck --type=merge -p '{"metadata":{"finalizers":null}}'` ||
		!strings.HasPrefix(lines[1], "error: 4 of the demo's objects removed, only its inventory left; ") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	for _, gone := range []string{"deployment.apps/web deleted\n", "configmap/free deleted\n"} {
		if !strings.Contains(got.Stdout, gone) {
			t.Errorf("%q is not in\n%s", gone, got.Stdout)
		}
	}
	u.Must(t, "kubectl", "patch", "configmap", "held", "-n", "stuck", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	if again := u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "stuck", "--yes"); again != "nothing is installed in namespace stuck\n" {
		t.Errorf("again: it says %s", again)
	}
	if left := u.Must(t, "kubectl", "get", "namespace/stuck", "-o", "name"); left != "namespace/stuck\n" {
		t.Errorf("left is %s", left)
	}
	if left := u.Must(t, "kubectl", "get", "configmaps", "-n", "stuck", "-o", "name"); left != "configmap/kube-root-ca.crt\n" {
		t.Errorf("left are %s", left)
	}
}

// TestUninstallInterrupted presses Ctrl-C while an object does not go.
func TestUninstallInterrupted(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "broken-off")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "broken-off", "-f", user.File(t, "three.yaml", three), "--wait=false")
	u.Must(t, "kubectl", "patch", "configmap", "held", "-n", "broken-off", "-p", finalizer)
	command := u.Command(t, "kubectl-istio_demo", "uninstall", "-n", "broken-off", "--yes")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "configmap broken-off/held: waiting for deletion, held by finalizer example.com/hold") {
			if err := command.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); err == nil || command.ProcessState.ExitCode() != 130 {
		t.Errorf("%v, exit code %d", err, command.ProcessState.ExitCode())
	}
	if all := strings.Join(said, "\n"); !strings.Contains(all, "error: interrupted: configmap broken-off/held is deleted, but its finalizer") {
		t.Errorf("it says\n%s", all)
	}
	u.Must(t, "kubectl", "patch", "configmap", "held", "-n", "broken-off", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	if again := u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "broken-off", "--yes"); again != "nothing is installed in namespace broken-off\n" {
		t.Errorf("again: it says %s", again)
	}
	if left := u.Must(t, "kubectl", "get", "configmaps", "-n", "broken-off", "-o", "name"); left != "configmap/kube-root-ca.crt\n" {
		t.Errorf("left are %s", left)
	}
}

// TestUninstallUnanswered presses Ctrl-C while the answers to deletions are on
// their way: some come, one does not, and what is kept is not counted as left.
func TestUninstallUnanswered(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	direct, u := user.New(t, controlplane.Shared(t).Kubeconfig), user.New(t, recorder.Kubeconfig)
	direct.Must(t, "kubectl", "create", "namespace", "unanswered")
	direct.Must(t, "kubectl", "istio-demo", "install", "-n", "unanswered", "-f", user.File(t, "three.yaml", three), "--wait=false")
	claimed := direct.Pipe(t, "{apiVersion: v1, kind: ServiceAccount, metadata: {name: account}, automountServiceAccountToken: true}", "kubectl", "apply", "--server-side", "-n", "unanswered", "-f", "-")
	if claimed.Code != 0 {
		t.Fatal(claimed.Stderr)
	}
	var command *exec.Cmd
	recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if !apiproxy.Stores(http.MethodDelete, "/configmaps/held")(request) {
			forward.ServeHTTP(w, request)
			return
		}
		apiproxy.Execute(request, forward) // accepted, and never answered
		if err := command.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		<-request.Context().Done()
	}
	var stderr bytes.Buffer
	command = u.Command(t, "kubectl-istio_demo", "uninstall", "-n", "unanswered", "--yes")
	command.Stderr = &stderr
	err := command.Run()
	lines := user.Result{Stderr: stderr.String()}.Errors()
	if err == nil || command.ProcessState.ExitCode() != 130 || len(lines) != 2 ||
		lines[0] != "error: interrupted: no answer from the API server to the deletion of configmap unanswered/held" ||
		lines[1] != "error: 2 of the demo's objects removed, 1 kept, 1 unanswered, 0 left; fix the cause, then rerun the same command" {
		t.Errorf("exit code %d\n%s", command.ProcessState.ExitCode(), stderr.String())
	}
	direct.Uninstall(t, "unanswered")
}

// TestUninstallWithoutPermission is refused before the first write, by name.
func TestUninstallWithoutPermission(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "half")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "half", "-f", user.File(t, "three.yaml", three), "--wait=false")
	u.Must(t, "kubectl", "create", "role", "looks", "-n", "half", "--verb=get,list,watch", "--resource=configmaps,serviceaccounts,deployments.apps")
	u.Must(t, "kubectl", "create", "role", "deletes", "-n", "half", "--verb=delete", "--resource=configmaps,serviceaccounts")
	for _, role := range []string{"looks", "deletes"} {
		u.Must(t, "kubectl", "create", "rolebinding", role, "-n", "half", "--role="+role, "--user=half")
	}
	for _, test := range []struct{ name, user, want string }{
		{"half of it", "half", "error: no permission to delete deployments.apps in namespace half; ask your cluster administrator"},
		{"nothing", "nobody", "error: cannot read the inventory, configmap half/istio-demo: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorder.Drain()
			got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "half", "--yes", "--as", test.user)
			if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], test.want) || got.Stdout != "" {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
			recorder.WantNoWrites(t)
		})
	}
	t.Run("everything", func(t *testing.T) {
		u.Must(t, "kubectl", "create", "role", "deletes-workloads", "-n", "half", "--verb=delete", "--resource=deployments.apps")
		u.Must(t, "kubectl", "create", "rolebinding", "deletes-workloads", "-n", "half", "--role=deletes-workloads", "--user=half")
		if got := u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "half", "--yes", "--as", "half"); strings.Count(got, " deleted\n") != 4 {
			t.Errorf("it says %s", got)
		}
	})
}

// TestUninstallDenied has an admission policy keep one object: the rest of its
// step goes.
func TestUninstallDenied(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "denied")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "denied", "-f", user.File(t, "three.yaml", three), "--wait=false")
	u.Pipe(t, `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: keep-held}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: denied}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [DELETE], resources: [configmaps], resourceNames: [held]}]
  validations: [{expression: "false", message: "it is to stay"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: keep-held}
spec: {policyName: keep-held, validationActions: [Deny]}
`, "kubectl", "create", "-f", "-")
	// The API server learns of a policy a little later.
	u.Until(t, user.Fails, "kubectl", "delete", "configmap", "held", "-n", "denied", "--dry-run=server")
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "denied", "--yes")
	lines := got.Errors()
	if got.Code != 1 || len(lines) != 2 || !strings.HasPrefix(lines[0], "error: cannot delete configmap denied/held: ") || !strings.Contains(lines[0], "it is to stay") ||
		lines[1] != "error: 3 of the demo's objects removed, 1 left; fix the cause, then rerun the same command" {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if got.Stdout != "deployment.apps/web deleted\nconfigmap/free deleted\nserviceaccount/account deleted\n" {
		t.Errorf("it says\n%s", got.Stdout)
	}
	u.Must(t, "kubectl", "delete", "validatingadmissionpolicybinding", "keep-held")
	u.Must(t, "kubectl", "delete", "validatingadmissionpolicy", "keep-held")
	u.Until(t, user.Succeeds, "kubectl", "delete", "configmap", "held", "-n", "denied", "--dry-run=server")
	if got := u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "denied", "--yes"); got != "configmap/held deleted\n" {
		t.Errorf("again: it says %s", got)
	}
}

// TestUninstallEmpty tidies up after somebody who deleted all objects by hand.
func TestUninstallEmpty(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "three.yaml", three)
	u.Must(t, "kubectl", "create", "namespace", "emptied")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "emptied", "-f", path, "--wait=false")
	u.Must(t, "kubectl", "delete", "-n", "emptied", "-f", path)
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "emptied", "--yes")
	if got.Code != 0 || got.Stdout != "nothing is installed in namespace emptied\n" {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	if left := u.Run(t, "kubectl", "get", "configmap", "istio-demo", "-n", "emptied"); left.Code == 0 {
		t.Error("the inventory is still there")
	}
}

// TestUninstallKilled kills an install at its first writes; uninstall finds
// what there is.
func TestUninstallKilled(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	for _, test := range []struct {
		name string
		// made is whether the namespace is there before.
		made    bool
		through int32
	}{
		{"with-a-namespace-only", false, 1},
		{"with-the-inventory-only", true, 1},
		{"with-some-objects", true, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.made {
				u.Must(t, "kubectl", "create", "namespace", test.name)
			}
			killAfter(t, test.through, "install", "-n", test.name, "-f", user.File(t, "three.yaml", three), "--wait=false")
			u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", test.name, "--yes")
			if got := u.Run(t, "kubectl", "get", "namespace", test.name); (got.Code == 0) != test.made {
				t.Errorf("the namespace: %s%s", got.Stdout, got.Stderr)
			}
			for _, kind := range []string{"configmaps", "serviceaccounts", "deployments"} {
				if left := u.Must(t, "kubectl", "get", kind, "-n", test.name, "-l", "applyset.kubernetes.io/part-of", "-o", "name"); left != "" {
					t.Errorf("left are %s", left)
				}
			}
			if got := u.Run(t, "kubectl", "get", "configmap", "istio-demo", "-n", test.name); got.Code == 0 {
				t.Error("the inventory is still there")
			}
		})
	}
}

// killAfter runs a command on the shared cluster, lets some of its patches
// through and kills it then.
func killAfter(t *testing.T, through int32, arguments ...string) {
	t.Helper()
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	stuck := recorder.HoldPatches(through)
	command := user.New(t, recorder.Kubeconfig).Command(t, append([]string{"kubectl-istio_demo"}, arguments...)...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	<-stuck
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
}
