package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// myService is a custom resource of the user's that lives in a definition of
// the demo.
const myService = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: mine, namespace: default}
spec: {hosts: [a.example.com], http: [{route: [{destination: {host: a}}]}]}
`

const (
	myCRD        = "customresourcedefinition.apiextensions.k8s.io/virtualservices.networking.istio.io"
	nothingThere = "nothing is installed in namespace istio-system\n"
)

// TestUninstall takes the demo away, first without what is the user's or has
// it inside, and leaves the cluster as it was before the install.
func TestUninstall(t *testing.T) {
	t.Parallel()
	control := controlplane.Start(t, "uninstall")
	recorder := apiproxy.New(t, control.Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	before := snapshot.TakeSettled(t, control.Kubeconfig)
	nothing := func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "uninstall")
		if got.Code != 0 || got.Stdout != nothingThere || got.Stderr != "" {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		recorder.WantNoWrites(t)
	}
	t.Run("nothing yet", nothing)
	u.Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	recorder.Drain()
	t.Run("nobody to ask", func(t *testing.T) { uninstallWithoutTerminal(t, u, recorder) })
	t.Run("dry run", func(t *testing.T) { uninstallDry(t, u, recorder) })
	t.Run("no", func(t *testing.T) { uninstallDeclined(t, u, recorder) })

	u.Pipe(t, myService, "kubectl", "create", "-f", "-")
	u.Must(t, "kubectl", "create", "deployment", "mine", "-n", "istio-system", "--image=registry.example.com/mine:1")
	u.Must(t, "kubectl", "rollout", "status", "deployment/mine", "-n", "istio-system", "--timeout=30s")
	t.Run("keeps", func(t *testing.T) { uninstallKeeps(t, u) })
	t.Run("lets go of what it keeps", func(t *testing.T) {
		wantNoInventoryLabels(t, u)
		recorder.Drain()
		nothing(t)
	})
	// The kept CRD is nobody's, and the namespace somebody's by now.
	u.Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	t.Run("purges", func(t *testing.T) { uninstallPurges(t, u) })
	t.Run("yes", func(t *testing.T) {
		u.Must(t, "kubectl", "delete", "deployment", "mine", "-n", "istio-system")
		u.Must(t, "kubectl", "delete", "namespace", "istio-system")
		u.Must(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "free.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: free}}"))
		output, code := u.RunOnTerminal(t, "y\n", "kubectl", "istio-demo", "uninstall")
		if code != 0 || !strings.Contains(output, "\r\n  to be deleted: 1 ConfigMap, 1 Namespace\r\n  this includes namespace istio-system\r\nDelete 2 objects in cluster ") || !strings.Contains(output, "\nnamespace/istio-system deleted\r\n") {
			t.Errorf("exit code %d\n%s", code, output)
		}
		snapshot.WantEqual(t, before, snapshot.TakeSettled(t, control.Kubeconfig))
	})
	recorder.Drain()
	t.Run("nothing any more", nothing)
}

func uninstallWithoutTerminal(t *testing.T, u *user.User, recorder *apiproxy.Proxy) {
	got := u.Run(t, "kubectl", "istio-demo", "uninstall")
	want := "error: cannot prompt before deleting 46 objects: stdin is not a terminal; use --yes, or preview with --dry-run=server"
	if lines := got.Errors(); got.Code != 2 || len(lines) != 1 || lines[0] != want || got.Stdout != "" {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	recorder.WantNoWrites(t)
}

func uninstallDry(t *testing.T, u *user.User, recorder *apiproxy.Proxy) {
	for dryRun, suffix := range map[string]string{"client": " (dry run)", "server": " (server dry run)"} {
		got := u.Run(t, "kubectl", "istio-demo", "uninstall", "--dry-run="+dryRun)
		if got.Code != 0 || strings.Count(got.Stdout, " deleted"+suffix+"\n") != 46 || strings.Count(got.Stdout, "\n") != 46 ||
			!regexp.MustCompile(`(?m)^46 removed, 0 kept in \S+`+regexp.QuoteMeta(suffix)+`$`).MatchString(got.Stderr) {
			t.Errorf("%s: exit code %d\n%s%s", dryRun, got.Code, got.Stdout, got.Stderr)
		}
		recorder.WantNoWrites(t)
	}
}

func uninstallDeclined(t *testing.T, u *user.User, recorder *apiproxy.Proxy) {
	wants := []string{
		`\r\n  to be deleted: 3 ClusterRoles, 3 ClusterRoleBindings, 3 ConfigMaps, 12 CustomResourceDefinitions, 3 Deployments, .*, 1 Namespace, `,
		`\r\n  this includes 12 CRDs with their kinds; namespace istio-system\r\n`,
		`\r\n  3 pods with sidecars lose their control plane: 2 in namespace shop, 1 in namespace team\r\n`,
		`\r\n  sample httpbin is still installed; uninstall it first: kubectl istio-demo sample uninstall httpbin -n shop\r\n`,
		`\r\n  customresourcedefinition gateways.networking.istio.io is kept: contains objects not installed by this tool: gateway shop/httpbin-gateway\r\n`,
		`\r\nDelete 43 objects in cluster https?://\S+ \(context \S+\)\? \[y/N\] `,
	}
	withDependents(t, u)
	recorder.Drain()
	defer u.Must(t, "kubectl", "delete", "namespace", "shop", "team")
	for _, answer := range []string{"n\n", "\n", "yesterday\n"} {
		output, code := u.RunOnTerminal(t, answer, "kubectl", "istio-demo", "uninstall")
		if code != 0 || !strings.Contains(output, "[y/N] nothing removed\r\n") || strings.Contains(output, "error") {
			t.Errorf("%q: exit code %d\n%s", answer, code, output)
		}
		for _, want := range wants {
			if !regexp.MustCompile(want).MatchString(output) {
				t.Errorf("nothing like\n%s in\n%s", want, output)
			}
		}
		recorder.WantNoWrites(t)
	}
}

// withDependents has pods as istiod leaves them, and the inventory of a sample.
func withDependents(t *testing.T, u *user.User) {
	t.Helper()
	for _, namespace := range []string{"shop", "team"} {
		u.Must(t, "kubectl", "create", "namespace", namespace)
	}
	for pod, namespace := range map[string]string{"a": "shop", "b": "shop", "c": "team"} {
		u.MustPipe(t, "{apiVersion: v1, kind: Pod, metadata: {name: "+pod+", namespace: "+namespace+", labels: {security.istio.io/tlsMode: istio}}, "+
			"spec: {automountServiceAccountToken: false, containers: [{name: istio-proxy, image: registry.example.com/proxy}]}}", "kubectl", "create", "-f", "-")
	}
	u.Must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", "shop", "--inject=false")
}

// uninstallKeeps leaves the user's workload and custom resource alone, and
// says what it keeps for them.
func uninstallKeeps(t *testing.T, u *user.User) {
	workload := func() string {
		return u.Must(t, "kubectl", "get", "deployments,pods", "-n", "istio-system", "-l", "app=mine", "-o",
			"jsonpath={range .items[*]}{.kind} {.metadata.uid} {.status.phase}{.status.availableReplicas};{end}")
	}
	running := workload()
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "--yes")
	if got.Code != 0 || strings.Count(got.Stdout, " deleted\n") != 44 || !strings.HasSuffix(got.Stdout, "\n"+myCRD+" kept\nnamespace/istio-system kept\n") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	for _, want := range []string{
		"customresourcedefinition virtualservices.networking.istio.io is kept: contains objects not installed by this tool: virtualservice default/mine\n",
		"namespace istio-system is kept: contains objects not installed by this tool: deployment istio-system/mine\n",
		"44 removed, 2 kept in ",
	} {
		if !strings.Contains(got.Stderr, want) {
			t.Errorf("%q is not in\n%s", want, got.Stderr)
		}
	}
	if now := workload(); now != running || !strings.Contains(now, "Running") {
		t.Errorf("the user's workload is %q and was %q", now, running)
	}
}

// uninstallPurges takes the user's custom resources, too, and names them.
func uninstallPurges(t *testing.T, u *user.User) {
	for _, dryRun := range []string{"client", "server", "none"} {
		got := u.Run(t, "kubectl", "istio-demo", "uninstall", "--purge-crds", "--yes", "--dry-run="+dryRun)
		suffix := map[string]string{"client": " (dry run)", "server": " (server dry run)"}[dryRun]
		if got.Code != 0 || strings.Contains(got.Stdout, " kept") || !strings.Contains(got.Stderr, "these custom resources are deleted with their CRDs:\n    virtualservice default/mine\n") ||
			!strings.Contains(got.Stderr, "namespace istio-system is kept: not created by install") {
			t.Errorf("%s: exit code %d\n%s%s", dryRun, got.Code, got.Stdout, got.Stderr)
		}
		users, crd := strings.Index(got.Stdout, "virtualservice.networking.istio.io/mine deleted"+suffix+"\n"), strings.Index(got.Stdout, myCRD+" deleted"+suffix+"\n")
		if dryRun == "none" && (users < 0 || crd < users) || crd < 0 {
			t.Errorf("%s: it says\n%s", dryRun, got.Stdout)
		}
	}
}
