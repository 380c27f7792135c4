package e2e

import (
	"maps"
	"regexp"
	"strings"
	"testing"
)

// myService is a custom resource of the user's that lives in a definition of
// the demo.
const myService = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: mine, namespace: default}
spec: {hosts: [a.example.com], http: [{route: [{destination: {host: a}}]}]}
`

// TestUninstall leaves a cluster as it was before the install.
func TestUninstall(t *testing.T) {
	control := startCluster(t, "uninstall")
	recorder := newRecorder(t, control.Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	before := settled(t, control.Kubeconfig)
	nothing := func(t *testing.T) {
		t.Helper()
		got := u.run(t, "kubectl", "istio-demo", "uninstall")
		if got.code != 0 || got.stdout != "nothing is installed in namespace istio-system\n" || got.stderr != "" {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		recorder.wantNoWrites(t)
	}
	t.Run("nothing yet", nothing)
	u.must(t, "kubectl", "istio-demo", "install")
	recorder.take()

	t.Run("nobody to ask", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "uninstall")
		want := "error: nobody can be asked whether 46 objects may be deleted; confirm with --yes, or see them with --dry-run=server"
		if lines := errorLines(got.stderr); got.code != 2 || len(lines) != 1 || lines[0] != want || got.stdout != "" {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		recorder.wantNoWrites(t)
	})
	for _, dryRun := range []string{"client", "server"} {
		t.Run("dry run on the "+dryRun, func(t *testing.T) {
			got := u.run(t, "kubectl", "istio-demo", "uninstall", "--dry-run="+dryRun)
			suffix := map[string]string{"client": " (dry run)", "server": " (server dry run)"}[dryRun]
			if got.code != 0 || strings.Count(got.stdout, " deleted"+suffix+"\n") != 46 || strings.Count(got.stdout, "\n") != 46 ||
				!regexp.MustCompile(`(?m)^46 removed, 0 kept in \S+`+regexp.QuoteMeta(suffix)+`$`).MatchString(got.stderr) {
				t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			recorder.wantNoWrites(t)
		})
	}
	t.Run("no", func(t *testing.T) {
		for _, answer := range []string{"n\n", "\n", "yesterday\n"} {
			output, code := u.typing(t, answer, "kubectl", "istio-demo", "uninstall")
			if code != 1 || !strings.Contains(output, "Delete 46 objects? [y/N] ") || !strings.Contains(output, "error: nothing was removed") {
				t.Errorf("%q: exit code %d\n%s", answer, code, output)
			}
			recorder.wantNoWrites(t)
		}
	})
	t.Run("yes", func(t *testing.T) {
		output, code := u.typing(t, "y\n", "kubectl", "istio-demo", "uninstall")
		if code != 0 || strings.Count(output, " deleted\r\n") != 46 || !strings.Contains(output, "46 removed, 0 kept in ") {
			t.Errorf("exit code %d\n%s", code, output)
		}
		for _, difference := range compare(before, settled(t, control.Kubeconfig)) {
			t.Error(difference)
		}
	})
	recorder.take()
	t.Run("nothing any more", nothing)
}

// TestUninstallSpares keeps what is the user's, and what that lives in.
func TestUninstallSpares(t *testing.T) {
	control := startCluster(t, "spares")
	u := newUser(t, control.Kubeconfig)
	before := settled(t, control.Kubeconfig)
	u.must(t, "kubectl", "istio-demo", "install")
	u.runWith(t, myService, "kubectl", "create", "-f", "-")
	u.must(t, "kubectl", "create", "deployment", "mine", "-n", "istio-system", "--image=registry.example.com/mine:1")
	u.must(t, "kubectl", "rollout", "status", "deployment/mine", "-n", "istio-system", "--timeout=30s")
	workload := func() string {
		return u.must(t, "kubectl", "get", "deployments,pods", "-n", "istio-system", "-l", "app=mine", "-o",
			"jsonpath={range .items[*]}{.kind} {.metadata.uid} {.status.phase}{.status.availableReplicas};{end}")
	}
	running := workload()
	const crd = "customresourcedefinition.apiextensions.k8s.io/virtualservices.networking.istio.io"

	t.Run("keeps", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "uninstall", "--yes")
		if got.code != 0 || strings.Count(got.stdout, " deleted\n") != 44 || !strings.HasSuffix(got.stdout, "\n"+crd+" kept\nnamespace/istio-system kept\n") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		for _, want := range []string{
			"customresourcedefinition virtualservices.networking.istio.io is kept: it holds virtualservice default/mine of yours\n",
			"namespace istio-system is kept: it holds deployment istio-system/mine of yours\n",
			"44 removed, 2 kept in ",
		} {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%q is not in\n%s", want, got.stderr)
			}
		}
		if now := workload(); now != running || !strings.Contains(now, "Running") {
			t.Errorf("the user's workload is %q and was %q", now, running)
		}
	})
	t.Run("goes on keeping", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "uninstall")
		if got.code != 0 || !strings.HasPrefix(got.stdout, "nothing is installed in namespace istio-system\n") ||
			strings.Count(got.stdout, " was kept: it holds ") != 2 {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	})
	for _, dryRun := range []string{"client", "server", "none"} {
		t.Run("purges, dry run "+dryRun, func(t *testing.T) {
			got := u.run(t, "kubectl", "istio-demo", "uninstall", "--purge-crds", "--yes", "--dry-run="+dryRun)
			suffix := map[string]string{"client": " (dry run)", "server": " (server dry run)"}[dryRun]
			want := "virtualservice.networking.istio.io/mine deleted" + suffix + "\n" + crd + " deleted" + suffix + "\nnamespace/istio-system kept" + suffix + "\n"
			if got.code != 0 || got.stdout != want || !strings.Contains(got.stderr, "these objects of yours go, too:\n    virtualservice default/mine\n") {
				t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
		})
	}
	t.Run("takes the rest", func(t *testing.T) {
		u.must(t, "kubectl", "delete", "deployment", "mine", "-n", "istio-system")
		if got := u.must(t, "kubectl", "istio-demo", "uninstall", "--yes"); got != "namespace/istio-system deleted\n" {
			t.Errorf("it says %s", got)
		}
		for _, difference := range compare(before, settled(t, control.Kubeconfig)) {
			t.Error(difference)
		}
	})
}

// settled gives a snapshot once the cluster's own controllers are done with
// what every cluster has. Nodes go on changing.
func settled(t *testing.T, kubeconfig string) map[string]map[string]any {
	t.Helper()
	u := newUser(t, kubeconfig)
	for _, namespace := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
		for _, own := range []string{"configmap/kube-root-ca.crt", "serviceaccount/default"} {
			u.must(t, "kubectl", "wait", "--for=create", "--timeout=30s", "-n", namespace, own)
		}
	}
	u.must(t, "kubectl", "wait", "--for=jsonpath={.rules}", "--timeout=30s", "clusterrole/admin", "clusterrole/edit", "clusterrole/view")
	u.must(t, "kubectl", "wait", "--for=jsonpath={.metadata.finalizers}", "--timeout=30s", "servicecidr/kubernetes")
	objects := snapshot(t, kubeconfig)
	maps.DeleteFunc(objects, func(key string, _ map[string]any) bool { return strings.HasPrefix(key, "Node ") })
	return objects
}
