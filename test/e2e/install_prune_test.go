package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// older and newer are two versions of a manifest; newer lacks the definition
// and its object, a namespace with what is in it, and has one ConfigMap under
// another name.
const inBoth = `apiVersion: v1
kind: ConfigMap
metadata: {name: keep}
data: {version: vVERSION}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example.com/web:VERSION"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings-VERSION}
`

var onlyOlder = "---\n" + fixture.CRD("Gadget", "gadgets", "prune.example.com", "v1") + `---
apiVersion: prune.example.com/v1
kind: Gadget
metadata: {name: first}
---
apiVersion: v1
kind: Namespace
metadata: {name: extra}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: inside, namespace: extra}
`

// TestInstallPrune goes from one version of a manifest to another and back.
func TestInstallPrune(t *testing.T) {
	t.Parallel()
	recorder := apiproxy.New(t, controlplane.Start(t, "prune").Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	older := user.File(t, "older.yaml", strings.ReplaceAll(inBoth+onlyOlder, "VERSION", "1"))
	newer := user.File(t, "newer.yaml", strings.ReplaceAll(inBoth, "VERSION", "2"))
	u.Must(t, "kubectl", "istio-demo", "install", "-f", older)
	recorder.Drain()
	t.Run("dry run", func(t *testing.T) { pruneDry(t, u, recorder, newer) })
	t.Run("not now", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", newer, "--prune=false")
		if got.Code != 0 || !strings.Contains(got.Stderr, "  5 objects of an earlier install are kept (--prune=false):\n") || strings.Contains(got.Summary(), "pruned") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		u.Must(t, "kubectl", "get", "-n", "istio-system", "configmap/settings-1", "gadget/first")
	})
	for _, mine := range []string{
		"{apiVersion: prune.example.com/v1, kind: Gadget, metadata: {name: mine, namespace: default}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: mine, namespace: extra}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: others, namespace: istio-system, labels: {applyset.kubernetes.io/part-of: applyset-of-others-v1}}}",
	} {
		u.Pipe(t, mine, "kubectl", "create", "-f", "-")
	}
	copied := u.Must(t, "kubectl", "get", "configmap", "settings-1", "-n", "istio-system", "-o", "yaml")
	u.Pipe(t, strings.Replace(copied, "name: settings-1", "name: copy", 1), "kubectl", "apply", "-f", "-")
	t.Run("upgrade", func(t *testing.T) { pruneUpgrade(t, u, newer) })
	t.Run("once they are empty", func(t *testing.T) {
		u.Must(t, "kubectl", "delete", "gadget", "mine", "-n", "default")
		u.Must(t, "kubectl", "delete", "configmap", "mine", "-n", "extra")
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", newer)
		if got.Code != 0 || !strings.HasPrefix(got.Summary(), "0 created, 0 configured, 5 unchanged, 2 pruned in ") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		for _, gone := range []string{"namespace/extra", "customresourcedefinition/gadgets.prune.example.com"} {
			if got := u.Run(t, "kubectl", "get", gone); got.Code == 0 {
				t.Errorf("%s is still there", gone)
			}
		}
	})
	t.Run("again", func(t *testing.T) { installAgain(t, u, recorder, newer) })
	t.Run("downgrade", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", older)
		if got.Code != 0 || !strings.HasPrefix(got.Summary(), "5 created, 2 configured, 2 unchanged, 1 pruned in ") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	})
}

// pruneDry says what would go, and lets it be.
func pruneDry(t *testing.T, u *user.User, recorder *apiproxy.Proxy, newer string) {
	client := u.Run(t, "kubectl", "istio-demo", "install", "-f", newer, "--dry-run=client")
	if client.Code != 0 || strings.Contains(client.Stdout+client.Stderr, "prune") {
		t.Errorf("exit code %d\n%s%s", client.Code, client.Stdout, client.Stderr)
	}
	server := u.Run(t, "kubectl", "istio-demo", "install", "-f", newer, "--dry-run=server", "--prune")
	if server.Code != 0 || !strings.Contains(server.Summary(), ", 5 pruned in ") {
		t.Errorf("exit code %d\n%s", server.Code, server.Stderr)
	}
	for _, want := range []string{
		"configmap/settings-1", "configmap/inside", "gadget.prune.example.com/first", "namespace/extra",
		"customresourcedefinition.apiextensions.k8s.io/gadgets.prune.example.com",
	} {
		if !strings.Contains(server.Stdout, want+" pruned (server dry run)\n") {
			t.Errorf("%s is not pruned in\n%s", want, server.Stdout)
		}
	}
	recorder.WantNoWrites(t)
}

// pruneUpgrade lists what goes before it writes, and keeps what holds objects
// of the user's.
func pruneUpgrade(t *testing.T, u *user.User, newer string) {
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", newer)
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "0 created, 0 configured, 5 unchanged, 3 pruned in ") {
		t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
	}
	announced, _, _ := strings.Cut(got.Stderr, "  [1/")
	for _, want := range []string{
		"  5 objects of an earlier install will be pruned at the end:\n",
		"    customresourcedefinition gadgets.prune.example.com\n", "    namespace extra\n", "    configmap extra/inside\n",
		"    configmap istio-system/settings-1\n", "    gadget istio-system/first\n",
	} {
		if !strings.Contains(announced, want) {
			t.Errorf("%q is not said before the first write:\n%s", want, got.Stderr)
		}
	}
	for _, want := range []string{
		"  customresourcedefinition gadgets.prune.example.com is kept: contains objects not installed by this tool: gadget default/mine\n",
		"  namespace extra is kept: contains objects not installed by this tool: configmap extra/mine\n",
	} {
		if !strings.Contains(got.Stderr, want) {
			t.Errorf("%q is not in\n%s", want, got.Stderr)
		}
	}
	u.Must(t, "kubectl", "get", "-n", "istio-system", "configmap/others", "configmap/copy")
	if gone := u.Run(t, "kubectl", "get", "-n", "istio-system", "configmap/settings-1"); gone.Code == 0 {
		t.Error("configmap settings-1 is still there")
	}
}

// installAgain finds nothing to do: the applies of the objects change nothing,
// and the inventory is not even written.
func installAgain(t *testing.T, u *user.User, recorder *apiproxy.Proxy, path string) {
	stored := func() string {
		return u.Must(t, "kubectl", "get", "configmaps,services,deployments", "-n", "istio-system", "-o",
			`jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.resourceVersion}{"\n"}{end}`)
	}
	before := stored()
	recorder.Drain()
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path)
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "0 created, 0 configured, 5 unchanged in ") || strings.Contains(got.Stderr, "earlier install") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	_, writes := recorder.Drain()
	for _, write := range writes {
		if !strings.HasPrefix(write, "PATCH ") || strings.Contains(write, "configmaps/istio-demo") {
			t.Errorf("it sends %s", write)
		}
	}
	if after := stored(); before != after {
		t.Errorf("it changed objects:\n%s\nthen\n%s", before, after)
	}
}

// TestInstallInventoryIsApplySet has kubectl read the inventory: it refuses it as long
// as it is ours, and takes it for its own when that is changed.
func TestInstallInventoryIsApplySet(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Environment = append(u.Environment, "KUBECTL_APPLYSET=true")
	path := user.File(t, "three.yaml", three)
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "kubectls", "-f", path, "--wait=false")
	less := user.File(t, "less.yaml", strings.SplitN(three, "---\n", 3)[2])
	apply := func() user.Result {
		return u.Run(t, "kubectl", "apply", "-n", "kubectls", "--server-side", "--force-conflicts", "--prune",
			"--applyset=configmap/istio-demo", "-f", less, "--dry-run=server")
	}
	if got := apply(); got.Code != 1 || !strings.Contains(got.Stderr, `managed by tooling "kubectl-istio-demo"`) {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	u.Must(t, "kubectl", "annotate", "configmap", "istio-demo", "-n", "kubectls", "--overwrite", "applyset.kubernetes.io/tooling=kubectl/v1.37.2")
	got := apply()
	for _, want := range []string{"configmap/free pruned (server dry run)\n", "serviceaccount/account pruned (server dry run)\n"} {
		if got.Code != 0 || !strings.Contains(got.Stdout, want) {
			t.Errorf("exit code %d, no %q in\n%s%s", got.Code, want, got.Stdout, got.Stderr)
		}
	}
	// What is kubectl's now is left alone.
	if ours := u.Run(t, "kubectl", "istio-demo", "install", "-n", "kubectls", "-f", path); ours.Code != 1 ||
		!strings.Contains(ours.Stderr, "error: configmap kubectls/istio-demo is the inventory of another tool, kubectl/v1.37.2; ") {
		t.Errorf("exit code %d\n%s", ours.Code, ours.Stderr)
	}
}
