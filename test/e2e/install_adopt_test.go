package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallAdoptsFromIstioctl finds an Istio of istioctl's, leaves it alone, and takes
// all of it over when told.
func TestInstallAdoptsFromIstioctl(t *testing.T) {
	t.Parallel()
	recorder := apiproxy.New(t, controlplane.Start(t, "foreign").Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	u.Must(t, "istioctl", "install", "--set", "profile=demo", "--set", "hub=registry.istio.io/release", "--set", "tag=1.31.0", "--skip-confirmation")
	t.Run("refused", func(t *testing.T) {
		recorder.Drain()
		got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none")
		lines := got.Errors()
		if got.Code != 1 || len(lines) != 1 || !strings.HasSuffix(lines[0],
			" and 44 more of the manifest's objects belong to istioctl; use it: 'kubectl istio-demo sample install bookinfo' works with it; or adopt these 45 objects with --adopt; only if it is yours, remove it with 'istioctl uninstall --purge'") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		recorder.WantNoWrites(t)
	})
	t.Run("refused elsewhere", func(t *testing.T) {
		recorder.Drain()
		got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none", "-n", "mesh", "--adopt")
		lines := got.Errors()
		if got.Code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], "error: another Istio is installed: deployment istio-system/istiod; use it: 'kubectl istio-demo sample install bookinfo' works with it; remove it only if it is yours (") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		recorder.WantNoWrites(t)
	})
	t.Run("adopted", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none", "--adopt")
		if got.Code != 0 || !strings.HasPrefix(got.Summary(), "0 created, 45 configured, 1 unchanged in ") ||
			!strings.Contains(got.Stderr, "warning: 45 objects are adopted from istioctl\n") {
			t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
		}
		const all = "deployments,services,configmaps,serviceaccounts,roles,rolebindings,customresourcedefinitions," +
			"clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations"
		if left := u.Must(t, "kubectl", "get", all, "-n", "istio-system", "-l", "operator.istio.io/version", "-o", "name"); left != "" {
			t.Errorf("istioctl's labels are left on %s", left)
		}
		again := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none")
		if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 46 unchanged in ") {
			t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
		}
	})
	t.Run("another demo", func(t *testing.T) { installBesideDemo(t, u, recorder) })
	t.Run("what an uninstall keeps", func(t *testing.T) {
		u.Pipe(t, myService, "kubectl", "create", "-f", "-")
		got := u.Run(t, "kubectl", "istio-demo", "uninstall", "--yes")
		if got.Code != 0 || !strings.HasSuffix(got.Stdout, myCRD+" kept\n") || !strings.Contains(got.Stderr, "  namespace istio-system is kept: not created by install\n") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		u.Must(t, "kubectl", "get", "namespace", "istio-system")
		elsewhere := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none", "-n", "mesh")
		if elsewhere.Code != 0 || !strings.HasPrefix(elsewhere.Summary(), "45 created, 1 configured, 0 unchanged in ") {
			t.Errorf("exit code %d\n%s", elsewhere.Code, elsewhere.Stderr)
		}
		// The definition is the new demo's now.
		if old := u.Must(t, "kubectl", "istio-demo", "uninstall"); old != nothingThere {
			t.Errorf("it says %s", old)
		}
	})
}

// installBesideDemo is refused beside the first demo, whose namespace is named.
func installBesideDemo(t *testing.T, u *user.User, recorder *apiproxy.Proxy) {
	recorder.Drain()
	got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none", "-n", "mesh")
	lines := got.Errors()
	if got.Code != 1 || len(lines) != 2 ||
		!strings.HasSuffix(lines[0], " objects with --adopt; only if it is yours, remove it with 'kubectl istio-demo uninstall -n istio-system'") ||
		!strings.Contains(lines[0], " more of the manifest's objects belong to the demo in namespace istio-system; use it: 'kubectl istio-demo sample install bookinfo' works with it; or adopt these ") ||
		!strings.HasPrefix(lines[1], "error: another Istio is installed: deployment istio-system/istiod; ") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	recorder.WantNoWrites(t)
}

// TestInstallAdopts names who owns what is there already, and takes it over when
// told; other entries of a ConfigMap may be somebody's data and stay.
func TestInstallAdopts(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "foreign")
	var manifest strings.Builder
	for _, theirs := range []struct{ name, metadata, command string }{
		{"argo-id", "annotations: {argocd.argoproj.io/tracking-id: 'shop:/ConfigMap:x/y'}", "apply"},
		{"argo-label", "labels: {argocd.argoproj.io/instance: mall}", "apply"},
		{"flux", "labels: {kustomize.toolkit.fluxcd.io/name: infra}", "apply --server-side --field-manager=kustomize-controller"},
		{"helm", "annotations: {meta.helm.sh/release-name: istio-base, meta.helm.sh/release-namespace: mesh}", "create"},
		{"kubectl-apply", "labels: {}", "apply"},
		{"kubectl-create", "labels: {}", "create"},
		{"kubectl-server-side", "labels: {}", "apply --server-side"},
		{"operator", "labels: {}", "create --field-manager=shop-operator"},
	} {
		object := fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, %s}, data: {mode: theirs, only: theirs}}", theirs.name, theirs.metadata)
		put := append([]string{"kubectl", "-n", "foreign"}, strings.Fields(theirs.command)...)
		if got := u.Pipe(t, object, append(put, "-f", "-")...); got.Code != 0 {
			t.Fatal(got.Stderr)
		}
		fmt.Fprintf(&manifest, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {mode: demo}}\n", theirs.name)
	}
	install := []string{"kubectl", "istio-demo", "install", "-n", "foreign", "-f", user.File(t, "ours.yaml", manifest.String())}
	recorder.Drain()
	got := u.Run(t, install...)
	const byTool = "; adopt it with --adopt; only if it is yours, remove it with the tool that owns it"
	wants := []string{
		"configmap foreign/argo-label belongs to Argo CD (application mall)" + byTool,
		"configmap foreign/argo-id belongs to Argo CD (application shop)" + byTool,
		"configmap foreign/flux belongs to Flux (infra)" + byTool,
		"configmap foreign/helm belongs to helm (release istio-base in namespace mesh); adopt it with --adopt; only if it is yours, remove it with 'helm uninstall -n mesh istio-base'",
		"configmap foreign/kubectl-apply and 2 more of the manifest's objects belong to kubectl" + strings.Replace(byTool, "it with --", "these 3 objects with --", 1),
		"configmap foreign/operator belongs to shop-operator" + byTool,
	}
	for i, want := range wants {
		wants[i] = "error: " + want
	}
	if lines := got.Errors(); got.Code != 1 || !slices.Equal(lines, wants) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	recorder.WantNoWrites(t)

	adopted := u.Run(t, append(install, "--adopt")...)
	if adopted.Code != 0 || strings.Count(adopted.Stderr, " adopted from ") != len(wants) ||
		!strings.Contains(adopted.Stderr, "'kubectl delete secret -n mesh -l owner=helm,name=istio-base' deletes it") {
		t.Errorf("exit code %d\n%s", adopted.Code, adopted.Stderr)
	}
	data := u.Must(t, "kubectl", "get", "configmaps", "-n", "foreign", "-l", "applyset.kubernetes.io/part-of", "-o", "jsonpath={.items[*].data}")
	if want := strings.TrimSpace(strings.Repeat(`{"mode":"demo","only":"theirs"} `, 8)); data != want {
		t.Errorf("the data are %s", data)
	}
	again := u.Run(t, install...)
	if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 9 unchanged in ") {
		t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
	}
}
