package e2e

import (
	"bufio"
	"bytes"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// three is a manifest that goes in three steps.
const three = `apiVersion: v1
kind: ServiceAccount
metadata: {name: account}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: free}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: held}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example.com/web:1}]}
`

const finalizer = `{"metadata":{"finalizers":["example.com/hold"]}}`

// TestUninstallStuck names the finalizer that keeps an object, and goes on
// once it is gone. The namespace was there before, and stays.
func TestUninstallStuck(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "stuck")
	u.must(t, "kubectl", "istio-demo", "install", "-n", "stuck", "-f", write(t, "three.yaml", three), "--wait=false")
	u.must(t, "kubectl", "patch", "configmap", "held", "-n", "stuck", "-p", finalizer)
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "stuck", "--yes", "--timeout=4s")
	lines := errorLines(got.stderr)
	if got.code != 3 || len(lines) != 2 ||
		lines[0] != `error: timed out after 4s: configmap stuck/held is deleted, but its finalizer example.com/hold keeps it; find out who should remove that, or do it: kubectl patch configmap held -n stuck --type=merge -p '{"metadata":{"finalizers":null}}'` ||
		!strings.HasPrefix(lines[1], "error: 4 of the demo's objects removed, only its inventory left; ") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	for _, gone := range []string{"deployment.apps/web deleted\n", "configmap/free deleted\n"} {
		if !strings.Contains(got.stdout, gone) {
			t.Errorf("%q is not in\n%s", gone, got.stdout)
		}
	}
	u.must(t, "kubectl", "patch", "configmap", "held", "-n", "stuck", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	if again := u.must(t, "kubectl", "istio-demo", "uninstall", "-n", "stuck", "--yes"); again != "nothing is installed in namespace stuck\n" {
		t.Errorf("again: it says %s", again)
	}
	if left := u.must(t, "kubectl", "get", "namespace/stuck", "-o", "name"); left != "namespace/stuck\n" {
		t.Errorf("left is %s", left)
	}
	if left := u.must(t, "kubectl", "get", "configmaps", "-n", "stuck", "-o", "name"); left != "configmap/kube-root-ca.crt\n" {
		t.Errorf("left are %s", left)
	}
}

// TestUninstallInterrupted presses Ctrl-C while an object does not go.
func TestUninstallInterrupted(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "broken-off")
	u.must(t, "kubectl", "istio-demo", "install", "-n", "broken-off", "-f", write(t, "three.yaml", three), "--wait=false")
	u.must(t, "kubectl", "patch", "configmap", "held", "-n", "broken-off", "-p", finalizer)
	command := u.command(t, "kubectl-istio_demo", "uninstall", "-n", "broken-off", "--yes")
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
		if strings.Contains(lines.Text(), "configmap broken-off/held: waiting until it is gone, for its finalizer example.com/hold") {
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
	u.must(t, "kubectl", "patch", "configmap", "held", "-n", "broken-off", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	if again := u.must(t, "kubectl", "istio-demo", "uninstall", "-n", "broken-off", "--yes"); again != "nothing is installed in namespace broken-off\n" {
		t.Errorf("again: it says %s", again)
	}
	if left := u.must(t, "kubectl", "get", "configmaps", "-n", "broken-off", "-o", "name"); left != "configmap/kube-root-ca.crt\n" {
		t.Errorf("left are %s", left)
	}
}

// TestUninstallUnanswered presses Ctrl-C while the answers to deletions are on
// their way: some come, one does not, and what is kept is not counted as left.
func TestUninstallUnanswered(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	direct, u := newUser(t, sharedCluster(t).Kubeconfig), newUser(t, recorder.kubeconfig)
	direct.must(t, "kubectl", "create", "namespace", "unanswered")
	direct.must(t, "kubectl", "istio-demo", "install", "-n", "unanswered", "-f", write(t, "three.yaml", three), "--wait=false")
	claimed := direct.runWith(t, "{apiVersion: v1, kind: ServiceAccount, metadata: {name: account}, automountServiceAccountToken: true}", "kubectl", "apply", "--server-side", "-n", "unanswered", "-f", "-")
	if claimed.code != 0 {
		t.Fatal(claimed.stderr)
	}
	var command *exec.Cmd
	recorder.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if !stores(http.MethodDelete, "/configmaps/held")(request) {
			forward.ServeHTTP(w, request)
			return
		}
		forward.ServeHTTP(discard{http.Header{}}, request) // accepted, and never answered
		if err := command.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		<-request.Context().Done()
	}
	var stderr bytes.Buffer
	command = u.command(t, "kubectl-istio_demo", "uninstall", "-n", "unanswered", "--yes")
	command.Stderr = &stderr
	err := command.Run()
	lines := errorLines(stderr.String())
	if err == nil || command.ProcessState.ExitCode() != 130 || len(lines) != 2 ||
		lines[0] != "error: interrupted: the API server did not answer whether it deletes configmap unanswered/held" ||
		lines[1] != "error: 2 of the demo's objects removed, 1 kept, 1 unanswered, 0 left; fix the cause, then rerun the same command" {
		t.Errorf("exit code %d\n%s", command.ProcessState.ExitCode(), stderr.String())
	}
	uninstall(t, direct, "unanswered")
}

// TestUninstallWithoutPermission is refused before the first write, by name.
func TestUninstallWithoutPermission(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "half")
	u.must(t, "kubectl", "istio-demo", "install", "-n", "half", "-f", write(t, "three.yaml", three), "--wait=false")
	u.must(t, "kubectl", "create", "role", "looks", "-n", "half", "--verb=get,list,watch", "--resource=configmaps,serviceaccounts,deployments.apps")
	u.must(t, "kubectl", "create", "role", "deletes", "-n", "half", "--verb=delete", "--resource=configmaps,serviceaccounts")
	for _, role := range []string{"looks", "deletes"} {
		u.must(t, "kubectl", "create", "rolebinding", role, "-n", "half", "--role="+role, "--user=half")
	}
	for _, test := range []struct{ name, user, want string }{
		{"half of it", "half", "error: you have no permission to delete deployments.apps in namespace half; ask your cluster's administrator"},
		{"nothing", "nobody", "error: cannot read the inventory, configmap half/istio-demo: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorder.take()
			got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "half", "--yes", "--as", test.user)
			if lines := errorLines(got.stderr); got.code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], test.want) || got.stdout != "" {
				t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			recorder.wantNoWrites(t)
		})
	}
	t.Run("everything", func(t *testing.T) {
		u.must(t, "kubectl", "create", "role", "deletes-workloads", "-n", "half", "--verb=delete", "--resource=deployments.apps")
		u.must(t, "kubectl", "create", "rolebinding", "deletes-workloads", "-n", "half", "--role=deletes-workloads", "--user=half")
		if got := u.must(t, "kubectl", "istio-demo", "uninstall", "-n", "half", "--yes", "--as", "half"); strings.Count(got, " deleted\n") != 4 {
			t.Errorf("it says %s", got)
		}
	})
}

// TestUninstallDenied has an admission policy keep one object: the rest of its
// step goes.
func TestUninstallDenied(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "denied")
	u.must(t, "kubectl", "istio-demo", "install", "-n", "denied", "-f", write(t, "three.yaml", three), "--wait=false")
	u.runWith(t, `apiVersion: admissionregistration.k8s.io/v1
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
	for u.run(t, "kubectl", "delete", "configmap", "held", "-n", "denied", "--dry-run=server").code == 0 {
		if t.Context().Err() != nil {
			t.Fatal("the policy has no effect")
		}
	}
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "denied", "--yes")
	lines := errorLines(got.stderr)
	if got.code != 1 || len(lines) != 2 || !strings.HasPrefix(lines[0], "error: cannot delete configmap denied/held: ") || !strings.Contains(lines[0], "it is to stay") ||
		lines[1] != "error: 3 of the demo's objects removed, 1 left; fix the cause, then rerun the same command" {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if got.stdout != "deployment.apps/web deleted\nconfigmap/free deleted\nserviceaccount/account deleted\n" {
		t.Errorf("it says\n%s", got.stdout)
	}
	u.must(t, "kubectl", "delete", "validatingadmissionpolicybinding", "keep-held")
	u.must(t, "kubectl", "delete", "validatingadmissionpolicy", "keep-held")
	for u.run(t, "kubectl", "delete", "configmap", "held", "-n", "denied", "--dry-run=server").code != 0 {
		if t.Context().Err() != nil {
			t.Fatal("the policy still has an effect")
		}
	}
	if got := u.must(t, "kubectl", "istio-demo", "uninstall", "-n", "denied", "--yes"); got != "configmap/held deleted\n" {
		t.Errorf("again: it says %s", got)
	}
}

// TestUninstallEmpty tidies up after somebody who deleted all objects by hand.
func TestUninstallEmpty(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	path := write(t, "three.yaml", three)
	u.must(t, "kubectl", "create", "namespace", "emptied")
	u.must(t, "kubectl", "istio-demo", "install", "-n", "emptied", "-f", path, "--wait=false")
	u.must(t, "kubectl", "delete", "-n", "emptied", "-f", path)
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "emptied", "--yes")
	if got.code != 0 || got.stdout != "nothing is installed in namespace emptied\n" {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if left := u.run(t, "kubectl", "get", "configmap", "istio-demo", "-n", "emptied"); left.code == 0 {
		t.Error("the inventory is still there")
	}
}

// TestUninstallKilled kills an install at its first writes; uninstall finds
// what there is.
func TestUninstallKilled(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
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
				u.must(t, "kubectl", "create", "namespace", test.name)
			}
			killAfter(t, test.through, "install", "-n", test.name, "-f", write(t, "three.yaml", three), "--wait=false")
			u.must(t, "kubectl", "istio-demo", "uninstall", "-n", test.name, "--yes")
			if got := u.run(t, "kubectl", "get", "namespace", test.name); (got.code == 0) != test.made {
				t.Errorf("the namespace: %s%s", got.stdout, got.stderr)
			}
			for _, kind := range []string{"configmaps", "serviceaccounts", "deployments"} {
				if left := u.must(t, "kubectl", "get", kind, "-n", test.name, "-l", "applyset.kubernetes.io/part-of", "-o", "name"); left != "" {
					t.Errorf("left are %s", left)
				}
			}
			if got := u.run(t, "kubectl", "get", "configmap", "istio-demo", "-n", test.name); got.code == 0 {
				t.Error("the inventory is still there")
			}
		})
	}
}

// killAfter runs a command on the shared cluster, lets some of its patches
// through and kills it then.
func killAfter(t *testing.T, through int32, arguments ...string) {
	t.Helper()
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	stuck := recorder.holdPatches(through)
	command := newUser(t, recorder.kubeconfig).command(t, append([]string{"kubectl-istio_demo"}, arguments...)...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	<-stuck
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
}
