package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// hookManifest is what a chart leaves when it is rendered and released: the
// hooks are in it, among the rest and before it.
const hookManifest = `apiVersion: batch/v1
kind: Job
metadata:
  name: after
  annotations: {helm.sh/hook: "post-install,post-upgrade", helm.sh/hook-weight: "1"}
spec:
  template:
    spec:
      restartPolicy: Never
      serviceAccountName: after
      containers: [{name: main, image: "registry.example.com/after:1"}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: after, annotations: {helm.sh/hook: post-install, helm.sh/hook-weight: "1"}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: cleanup, annotations: {helm.sh/hook: post-delete}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "registry.example.com/cleanup:1"}]
---
apiVersion: v1
kind: Pod
metadata: {name: try, annotations: {helm.sh/hook: test-success}}
spec: {containers: [{name: main, image: "registry.example.com/try:1"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: before, annotations: {helm.sh/hook: pre-install}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "registry.example.com/before:1"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "registry.example.com/web:1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, annotations: {helm.sh/hook: whenever}}
`

// uid gives an object's, and nothing if there is none.
func uid(t *testing.T, u *user.User, namespace, object string) string {
	t.Helper()
	return u.Must(t, "kubectl", "get", object, "-n", namespace, "--ignore-not-found", "-o", "jsonpath={.metadata.uid}")
}

// inOrder tells whether a text has these, one after the other.
func inOrder(text string, parts ...string) bool {
	for _, part := range parts {
		_, rest, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = rest
	}
	return true
}

// TestInstallHooks runs the hooks of an install in their order, and the others never.
func TestInstallHooks(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	const namespace = "hooks"
	t.Cleanup(func() { u.Uninstall(t, namespace) })
	path := user.File(t, "hooks.yaml", hookManifest)
	plugin := func(command ...string) user.Result {
		return u.Run(t, append(append([]string{"kubectl", "istio-demo"}, command...), "-n", namespace, "-f", path)...)
	}
	warns := func(stderr string) bool {
		return strings.Count(stderr, "warning: not applied: 1 object that Helm runs only on deletion: job cleanup\n") == 1 &&
			strings.Count(stderr, "warning: not applied: 1 object that Helm runs only on test: pod try\n") == 1 &&
			strings.Count(stderr, `configmap settings: unknown Helm hook "whenever"; applied like an object without it`) == 1
	}

	for _, command := range [][]string{{"manifest"}, {"install", "--dry-run=client"}, {"check"}, {"install", "--dry-run=server"}} {
		got := plugin(command...)
		if got.Code != 0 || !warns(got.Stderr) || strings.Contains(got.Stdout, "cleanup") || strings.Contains(got.Stdout, "kind: Pod") || strings.Contains(got.Stdout, "pod/") {
			t.Errorf("%v: exit code %d\n%s%s", command, got.Code, got.Stdout, got.Stderr)
		}
	}
	if got := plugin("manifest", "-o", "name"); got.Code != 2 {
		t.Errorf("exit code %d", got.Code)
	}
	if got := plugin("manifest"); !inOrder(got.Stdout, "kind: Namespace", "name: settings", "name: before", "name: web", "kind: ServiceAccount", "name: after", "kind: Job", "name: after") {
		t.Errorf("the order is\n%s", got.Stdout)
	}
	if got := plugin("diff"); got.Code != 1 || !warns(got.Stderr) || strings.Contains(got.Stdout, "cleanup") || strings.Count(got.Stdout, "+kind: Job") != 2 {
		t.Errorf("diff before: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}

	got := plugin("install")
	if got.Code != 0 || !warns(got.Stderr) || !strings.HasPrefix(got.Summary(), "6 created, 0 configured, 0 unchanged in ") || !strings.Contains(got.Stderr, "(6 objects)") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if !inOrder(got.Stderr,
		"] bindings, configuration, services: 1 created", "] pre-install hooks: workloads", "job hooks/before: ready", "] workloads",
		"deployment hooks/web: ready", "] post-install hooks: service accounts and roles: 1 created", "] post-install hooks: workloads", "job hooks/after: ready") {
		t.Errorf("the order is\n%s", got.Stderr)
	}
	if jobs := u.Must(t, "kubectl", "get", "jobs", "-n", namespace, "-o", "jsonpath={range .items[*]}{.metadata.name} {.status.succeeded},{end}"); jobs != "after 1,before 1," {
		t.Errorf("the jobs are %s", jobs)
	}

	if got := plugin("diff"); got.Code != 0 {
		t.Errorf("diff after: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	after, before := uid(t, u, namespace, "job/after"), uid(t, u, namespace, "job/before")
	if got := plugin("install"); got.Code != 0 || !strings.HasPrefix(got.Summary(), "0 created, 0 configured, 6 unchanged in ") || uid(t, u, namespace, "job/after") != after {
		t.Errorf("again: exit code %d\n%s", got.Code, got.Stderr)
	}

	path = user.File(t, "changed.yaml", strings.Replace(hookManifest, "after:1", "after:2", 1))
	if got := plugin("diff"); got.Code != 1 || !strings.Contains(got.Stdout, "after:2") {
		t.Errorf("diff of the change: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	got = plugin("install")
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "1 created, 0 configured, 5 unchanged in ") {
		t.Errorf("changed: exit code %d\n%s", got.Code, got.Stderr)
	}
	if now := uid(t, u, namespace, "job/after"); now == after || uid(t, u, namespace, "job/before") != before {
		t.Errorf("the changed hook did not run again, or another one did: %s", now)
	}
	if image := u.Must(t, "kubectl", "get", "job", "after", "-n", namespace, "-o", "jsonpath={.spec.template.spec.containers[0].image} {.status.succeeded}"); image != "registry.example.com/after:2 1" {
		t.Errorf("the hook is %s", image)
	}

	_, without, _ := strings.Cut(hookManifest, "---\n")
	path = user.File(t, "without.yaml", without)
	if got := plugin("install"); got.Code != 0 || !strings.Contains(got.Summary(), "5 unchanged, 1 pruned in ") || uid(t, u, namespace, "job/after") != "" {
		t.Errorf("without the hook: exit code %d\n%s", got.Code, got.Stderr)
	}
}

// TestInstallKeepsAppliedHooks has an older install, or kubectl's view of hooks,
// apply what is not applied now: it is left until all is uninstalled.
func TestInstallKeepsAppliedHooks(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	const namespace = "hooks-applied"
	u.Must(t, "kubectl", "create", "namespace", namespace)
	ordinary := user.File(t, "ordinary.yaml", strings.ReplaceAll(hookManifest, "helm.sh/hook", "helm.sh/none"))
	hooks := user.File(t, "hooks.yaml", hookManifest)
	u.Must(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", ordinary)
	cleanup := uid(t, u, namespace, "job/cleanup")
	if cleanup == "" {
		t.Fatal("the older install has no such job")
	}
	if got := u.Run(t, "kubectl", "istio-demo", "diff", "-n", namespace, "-f", hooks); got.Code != 1 || strings.Contains(got.Stdout, "cleanup") {
		t.Errorf("diff: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	for range 2 { // the second time by the inventory that the first one wrote
		got := u.Run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", hooks)
		if got.Code != 0 || strings.Contains(got.Summary(), "pruned") || uid(t, u, namespace, "job/cleanup") != cleanup {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	}
	u.Uninstall(t, namespace)
	for _, object := range []string{"job/cleanup", "pod/try", "job/after", "serviceaccount/after", "configmap/istio-demo"} {
		if uid(t, u, namespace, object) != "" {
			t.Errorf("%s is left", object)
		}
	}
}

// TestInstallHooksWait applies hooks only when the rest runs, unless nobody waits.
func TestInstallHooksWait(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	const namespace = "hooks-wait"
	t.Cleanup(func() { u.Uninstall(t, namespace) })
	nowhere := strings.Replace(hookManifest, "spec: {containers: [{name: main, image: \"registry.example.com/web:1\"}]}",
		"spec: {nodeSelector: {hooks: nowhere}, containers: [{name: main, image: \"registry.example.com/web:1\"}]}", 1)
	path := user.File(t, "nowhere.yaml", nowhere)
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", path, "--timeout=8s", "--skip-checks=capacity")
	if got.Code != 3 || uid(t, u, namespace, "job/after") != "" || uid(t, u, namespace, "job/before") == "" || !strings.Contains(got.Stderr, "stopped: 4 of 6 objects applied") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if lines := got.Errors(); len(lines) != 1 || !strings.Contains(lines[0], "timed out after 8s: deployment hooks-wait/web is not ready") {
		t.Errorf("the errors are %q", lines)
	}
	got = u.Run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", path, "--wait=false", "--skip-checks=capacity")
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "2 created, 0 configured, 4 unchanged in ") || uid(t, u, namespace, "job/after") == "" {
		t.Errorf("without waiting: exit code %d\n%s", got.Code, got.Stderr)
	}
}

// TestInstallFailedHook runs again with the same command.
func TestInstallFailedHook(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	const namespace = "hooks-failed"
	t.Cleanup(func() { u.Uninstall(t, namespace) })
	// A pod that comes to no node cannot end in time; one that does has to,
	// however busy the machine is.
	path := user.File(t, "failing.yaml", strings.Replace(hookManifest, "spec:\n  template:\n    spec:\n", "spec:\n  activeDeadlineSeconds: 15\n  template:\n    spec:\n      nodeSelector: {hooks-failed: \"here\"}\n", 1))
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", path, "--skip-checks=capacity")
	if got.Code != 3 || !strings.Contains(got.Stderr, "error: failed: job hooks-failed/after is not ready: ") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	failed := uid(t, u, namespace, "job/after")
	u.Must(t, "kubectl", "label", "nodes", "--all", "hooks-failed=here")
	got = u.Run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", path)
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "1 created, 0 configured, 5 unchanged in ") || uid(t, u, namespace, "job/after") == failed {
		t.Errorf("again: exit code %d\n%s", got.Code, got.Stderr)
	}
}
