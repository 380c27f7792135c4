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

const (
	myDefinition = "customresourcedefinition.apiextensions.k8s.io/virtualservices.networking.istio.io"
	nothingThere = "nothing is installed in namespace istio-system\n"
)

// TestUninstall takes the demo away, first without what is the user's or has
// it inside, and leaves the cluster as it was before the install.
func TestUninstall(t *testing.T) {
	t.Parallel()
	control := startCluster(t, "uninstall")
	recorder := newRecorder(t, control.Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	before := settled(t, control.Kubeconfig)
	nothing := func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "uninstall")
		if got.code != 0 || got.stdout != nothingThere || got.stderr != "" {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		recorder.wantNoWrites(t)
	}
	t.Run("nothing yet", nothing)
	u.must(t, "kubectl", "istio-demo", "install", "--addons=none")
	recorder.take()
	t.Run("nobody to ask", func(t *testing.T) { uninstallUnasked(t, u, recorder) })
	t.Run("dry run", func(t *testing.T) { uninstallDry(t, u, recorder) })
	t.Run("no", func(t *testing.T) { uninstallDeclined(t, u, recorder) })

	u.runWith(t, myService, "kubectl", "create", "-f", "-")
	u.must(t, "kubectl", "create", "deployment", "mine", "-n", "istio-system", "--image=registry.example.com/mine:1")
	u.must(t, "kubectl", "rollout", "status", "deployment/mine", "-n", "istio-system", "--timeout=30s")
	t.Run("keeps", func(t *testing.T) { uninstallKeeps(t, u) })
	t.Run("lets go of what it keeps", func(t *testing.T) {
		wantNoLabels(t, u)
		recorder.take()
		nothing(t)
	})
	// The kept CRD is nobody's, and the namespace somebody's by now.
	u.must(t, "kubectl", "istio-demo", "install", "--addons=none")
	t.Run("purges", func(t *testing.T) { uninstallPurges(t, u) })
	t.Run("yes", func(t *testing.T) {
		u.must(t, "kubectl", "delete", "deployment", "mine", "-n", "istio-system")
		u.must(t, "kubectl", "delete", "namespace", "istio-system")
		u.must(t, "kubectl", "istio-demo", "install", "-f", write(t, "free.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: free}}"))
		output, code := u.typing(t, "y\n", "kubectl", "istio-demo", "uninstall")
		if code != 0 || !strings.Contains(output, "Delete 2 objects? [y/N] ") || !strings.Contains(output, "\nnamespace/istio-system deleted\r\n") {
			t.Errorf("exit code %d\n%s", code, output)
		}
		for _, difference := range compare(before, settled(t, control.Kubeconfig)) {
			t.Error(difference)
		}
	})
	recorder.take()
	t.Run("nothing any more", nothing)
}

func uninstallUnasked(t *testing.T, u *user, recorder *recorder) {
	got := u.run(t, "kubectl", "istio-demo", "uninstall")
	want := "error: nobody can be asked whether 46 objects may be deleted; confirm with --yes, or see them with --dry-run=server"
	if lines := errorLines(got.stderr); got.code != 2 || len(lines) != 1 || lines[0] != want || got.stdout != "" {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	recorder.wantNoWrites(t)
}

func uninstallDry(t *testing.T, u *user, recorder *recorder) {
	for dryRun, suffix := range map[string]string{"client": " (dry run)", "server": " (server dry run)"} {
		got := u.run(t, "kubectl", "istio-demo", "uninstall", "--dry-run="+dryRun)
		if got.code != 0 || strings.Count(got.stdout, " deleted"+suffix+"\n") != 46 || strings.Count(got.stdout, "\n") != 46 ||
			!regexp.MustCompile(`(?m)^46 removed, 0 kept in \S+`+regexp.QuoteMeta(suffix)+`$`).MatchString(got.stderr) {
			t.Errorf("%s: exit code %d\n%s%s", dryRun, got.code, got.stdout, got.stderr)
		}
		recorder.wantNoWrites(t)
	}
}

func uninstallDeclined(t *testing.T, u *user, recorder *recorder) {
	for _, answer := range []string{"n\n", "\n", "yesterday\n"} {
		output, code := u.typing(t, answer, "kubectl", "istio-demo", "uninstall")
		if code != 1 || !strings.Contains(output, "Delete 46 objects? [y/N] ") || !strings.Contains(output, "error: nothing was removed") {
			t.Errorf("%q: exit code %d\n%s", answer, code, output)
		}
		recorder.wantNoWrites(t)
	}
}

// uninstallKeeps leaves the user's workload and custom resource alone, and
// says what it keeps for them.
func uninstallKeeps(t *testing.T, u *user) {
	workload := func() string {
		return u.must(t, "kubectl", "get", "deployments,pods", "-n", "istio-system", "-l", "app=mine", "-o",
			"jsonpath={range .items[*]}{.kind} {.metadata.uid} {.status.phase}{.status.availableReplicas};{end}")
	}
	running := workload()
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "--yes")
	if got.code != 0 || strings.Count(got.stdout, " deleted\n") != 44 || !strings.HasSuffix(got.stdout, "\n"+myDefinition+" kept\nnamespace/istio-system kept\n") {
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
}

// uninstallPurges takes the user's custom resources, too, and names them.
func uninstallPurges(t *testing.T, u *user) {
	for _, dryRun := range []string{"client", "server", "none"} {
		got := u.run(t, "kubectl", "istio-demo", "uninstall", "--purge-crds", "--yes", "--dry-run="+dryRun)
		suffix := map[string]string{"client": " (dry run)", "server": " (server dry run)"}[dryRun]
		if got.code != 0 || strings.Contains(got.stdout, " kept") || !strings.Contains(got.stderr, "these objects of yours go, too:\n    virtualservice default/mine\n") ||
			!strings.Contains(got.stderr, "namespace istio-system is kept: install did not create it") {
			t.Errorf("%s: exit code %d\n%s%s", dryRun, got.code, got.stdout, got.stderr)
		}
		users, crd := strings.Index(got.stdout, "virtualservice.networking.istio.io/mine deleted"+suffix+"\n"), strings.Index(got.stdout, myDefinition+" deleted"+suffix+"\n")
		if dryRun == "none" && (users < 0 || crd < users) || crd < 0 {
			t.Errorf("%s: it says\n%s", dryRun, got.stdout)
		}
	}
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
	// Before Kubernetes 1.33 nobody serves them.
	if kinds := u.must(t, "kubectl", "api-resources", "--api-group=networking.k8s.io", "-o", "name"); strings.Contains(kinds, "servicecidrs.") {
		u.must(t, "kubectl", "wait", "--for=jsonpath={.metadata.finalizers}", "--timeout=30s", "servicecidr/kubernetes")
	}
	objects := snapshot(t, kubeconfig)
	maps.DeleteFunc(objects, func(key string, _ map[string]any) bool { return strings.HasPrefix(key, "Node ") })
	return objects
}
