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

const managedByUs = "applyset.kubernetes.io/part-of"

// TestUninstallKeepsIstioctls has the real istioctl install Istio over what
// install put there: that is istioctl's now, and an uninstall deletes none of it.
func TestUninstallKeepsIstioctls(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "claimed").Kubeconfig)
	istioctl := func() {
		u.Must(t, "istioctl", "install", "--set", "profile=demo", "--set", "hub=registry.istio.io/release", "--set", "tag=1.31.0", "--skip-confirmation")
	}
	u.Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	istioctl()
	t.Run("dry run", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "uninstall", "--dry-run=server")
		if got.Code != 0 || strings.Contains(got.Stdout, "istiod deleted") || strings.Count(got.Stdout, " kept (server dry run)\n") < 45 ||
			!strings.Contains(got.Stderr, "deployment istio-system/istiod is kept: owned by istioctl now\n") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
	})
	t.Run("uninstall", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "uninstall", "--yes")
		if got.Code != 0 || strings.Contains(got.Stdout, "istiod deleted") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		u.Must(t, "kubectl", "get", "deployments/istiod", "deployments/istio-ingressgateway", "configmaps/istio", "-n", "istio-system")
		wantNoInventoryLabels(t, u)
		if again := u.Must(t, "kubectl", "istio-demo", "uninstall", "--yes"); again != nothingThere {
			t.Errorf("it says %s", again)
		}
	})
	t.Run("refused afterwards", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none")
		if got.Code != 1 || !strings.Contains(got.Stderr, " objects with --adopt; only if it is yours, remove it with 'istioctl uninstall --purge'") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	})
	t.Run("what was kept is nobody's leftover", func(t *testing.T) {
		u.Must(t, "istioctl", "uninstall", "--purge", "--skip-confirmation")
		u.Must(t, "kubectl", "istio-demo", "install", "--addons=none", "--adopt")
		if got := u.Pipe(t, myService, "kubectl", "create", "-f", "-"); got.Code != 0 {
			t.Fatal(got.Stderr)
		}
		kept := u.Run(t, "kubectl", "istio-demo", "uninstall", "--yes")
		if kept.Code != 0 || !strings.Contains(kept.Stdout, myCRD+" kept\n") {
			t.Fatalf("exit code %d\n%s%s", kept.Code, kept.Stdout, kept.Stderr)
		}
		wantNoInventoryLabels(t, u)
		istioctl()
		u.Must(t, "kubectl", "delete", "virtualservice", "mine", "-n", "default")
		if again := u.Must(t, "kubectl", "istio-demo", "uninstall", "--yes"); again != nothingThere {
			t.Errorf("it says %s", again)
		}
		u.Must(t, "kubectl", "get", myCRD)
	})
}

// wantNoInventoryLabels looks for objects of which an inventory is left.
func wantNoInventoryLabels(t *testing.T, u *user.User) {
	t.Helper()
	const all = "deployments,services,configmaps,serviceaccounts,roles,rolebindings,customresourcedefinitions," +
		"clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,namespaces"
	if left := u.Must(t, "kubectl", "get", all, "-A", "-l", managedByUs, "-o", "name"); left != "" {
		t.Errorf("an inventory's label is left on %s", left)
	}
}

// claims are the ways in which tools lay hands on an object of ours, and as whose
// it is kept then.
var claims = []struct{ name, command, metadata, owner string }{
	{"argo-manager", "apply --server-side --field-manager=argocd-controller", "", "argocd-controller"},
	{"argo-mark", "apply --server-side --field-manager=argocd-controller", "annotations: {argocd.argoproj.io/tracking-id: 'shop:/ConfigMap:x/y'}", "Argo CD (application shop)"},
	{"flux", "apply --server-side --field-manager=kustomize-controller", "labels: {kustomize.toolkit.fluxcd.io/name: infra}", "Flux (infra)"},
	{"kubectl-client", "apply", "", "kubectl"},
	{"kubectl-server", "apply --server-side", "", "kubectl"},
	{"operator", "apply --server-side --field-manager=istio-operator", "", "istioctl"},
}

// TestUninstallKeepsAdoptedMembers keeps what another tool has claimed, in an uninstall and in
// a prune, and deletes what was only edited.
func TestUninstallKeepsAdoptedMembers(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	settings := func(names ...string) string {
		var manifest strings.Builder
		for _, name := range names {
			fmt.Fprintf(&manifest, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {mode: demo}}\n", name)
		}
		return user.File(t, "settings.yaml", manifest.String())
	}
	install := func(t *testing.T, namespace string) {
		t.Helper()
		u.Must(t, "kubectl", "create", "namespace", namespace)
		names := []string{"edited"}
		for _, claim := range claims {
			names = append(names, claim.name)
		}
		u.Must(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", settings(names...))
		u.Must(t, "kubectl", "label", "configmap", "edited", "-n", namespace, "team=shop")
		for _, claim := range claims {
			object := fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, %s}, data: {mode: demo}}", claim.name, claim.metadata)
			if got := u.Pipe(t, strings.ReplaceAll(object, ", }", "}"), slices.Concat([]string{"kubectl"}, strings.Fields(claim.command), []string{"-n", namespace, "-f", "-"})...); got.Code != 0 {
				t.Fatal(got.Stderr)
			}
		}
	}
	wantKept := func(t *testing.T, namespace string, got user.Result) {
		t.Helper()
		for _, claim := range claims {
			if want := fmt.Sprintf("configmap %s/%s is kept: owned by %s now\n", namespace, claim.name, claim.owner); !strings.Contains(got.Stderr, want) {
				t.Errorf("no %q in\n%s", want, got.Stderr)
			}
			u.Must(t, "kubectl", "get", "configmap", claim.name, "-n", namespace)
		}
		if edited := u.Run(t, "kubectl", "get", "configmap", "edited", "-n", namespace); !strings.Contains(edited.Stderr, "NotFound") {
			t.Errorf("what was only edited is left: %s", edited.Stdout)
		}
		if left := u.Must(t, "kubectl", "get", "configmaps", "-n", namespace, "-l", managedByUs, "-o", "name"); strings.Contains(left, "operator") {
			t.Errorf("the inventory's label is left on %s", left)
		}
	}
	t.Run("prune", func(t *testing.T) {
		install(t, "claimed-prune")
		wantKept(t, "claimed-prune", u.Run(t, "kubectl", "istio-demo", "install", "-n", "claimed-prune", "-f", settings("new"), "--prune"))
	})
	t.Run("uninstall", func(t *testing.T) {
		install(t, "claimed-uninstall")
		got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "claimed-uninstall", "--yes")
		if got.Code != 0 {
			t.Errorf("exit code %d", got.Code)
		}
		wantKept(t, "claimed-uninstall", got)
	})
	t.Run("when told", func(t *testing.T) {
		install(t, "claimed-purge")
		got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "claimed-purge", "--yes", "--purge-claimed")
		if left := u.Must(t, "kubectl", "get", "configmaps", "-n", "claimed-purge", "-o", "name"); got.Code != 0 || left != "configmap/kube-root-ca.crt\n" {
			t.Errorf("exit code %d, left are %s\n%s", got.Code, left, got.Stderr)
		}
	})
}

// TestUninstallKeepsBoundPersistentVolumeClaims keeps PersistentVolumeClaims of the manifest once they
// are bound to a volume, and the namespace for them.
func TestUninstallKeepsBoundPersistentVolumeClaims(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	volume := `{apiVersion: v1, kind: PersistentVolume, metadata: {name: volume-of-data}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce],
  storageClassName: by-hand, claimRef: {namespace: data, name: bound}, hostPath: {path: /tmp/none}}}`
	if got := u.Pipe(t, volume, "kubectl", "create", "-f", "-"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	defer u.Run(t, "kubectl", "delete", "persistentvolume", "volume-of-data", "--wait=false")
	const claim = "---\n{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: %s}, spec: {storageClassName: by-hand, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}\n"
	const free = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: free}}\n"
	path := user.File(t, "claims.yaml", fmt.Sprintf(claim, "bound")+fmt.Sprintf(claim, "unbound")+free)
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "data", "-f", path, "--wait=false")
	u.Must(t, "kubectl", "wait", "--for=jsonpath={.status.phase}=Bound", "persistentvolumeclaim/bound", "-n", "data", "--timeout=30s")
	const why = "persistentvolumeclaim data/bound is kept: its volume volume-of-data may contain data\n"

	pruned := u.Run(t, "kubectl", "istio-demo", "install", "-n", "data", "-f", user.File(t, "free.yaml", free), "--prune")
	if pruned.Code != 0 || !strings.Contains(pruned.Stderr, why) || strings.Contains(pruned.Stderr, "data/unbound is kept") {
		t.Errorf("exit code %d\n%s", pruned.Code, pruned.Stderr)
	}
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "data", "--dry-run=server")
	if got.Code != 0 || !strings.Contains(got.Stderr, why) || !strings.Contains(got.Stdout, "namespace/data kept (server dry run)\n") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	got = u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "data", "--yes", "--purge-pvcs")
	if got.Code != 0 || !strings.Contains(got.Stdout, "persistentvolumeclaim/bound deleted\n") || !strings.Contains(got.Stdout, "namespace/data deleted\n") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}

// TestUninstallSelfOwnedObject keeps a namespace for an object of the user's that belongs to
// itself, as one does that points to something that it should not.
func TestUninstallSelfOwnedObject(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "selfish", "-f", user.File(t, "free.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: free}}"))
	u.Must(t, "kubectl", "create", "configmap", "mine", "-n", "selfish")
	uid := u.Must(t, "kubectl", "get", "configmap", "mine", "-n", "selfish", "-o", "jsonpath={.metadata.uid}")
	u.Must(t, "kubectl", "patch", "configmap", "mine", "-n", "selfish", "--type=merge", "-p",
		fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"mine","uid":%q}]}}`, uid))
	got := u.Run(t, "kubectl", "istio-demo", "uninstall", "-n", "selfish", "--yes")
	if got.Code != 0 || !strings.Contains(got.Stderr, "namespace selfish is kept: contains objects not installed by this tool: configmap selfish/mine\n") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	u.Must(t, "kubectl", "get", "configmap", "mine", "-n", "selfish")
}

// TestInstallSkipsForeignCheck skips the finding that there is another Istio, and no more:
// what belongs to others is neither taken in nor recreated.
func TestInstallSkipsForeignCheck(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "skipped")
	u.Must(t, "kubectl", "create", "configmap", "theirs", "-n", "skipped", "--from-literal=mode=theirs")
	path := user.File(t, "theirs.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: theirs}, data: {mode: theirs}, immutable: true}")
	for _, flags := range [][]string{{}, {"--recreate-immutable"}, {"--force-conflicts"}} {
		recorder.Drain()
		got := u.Run(t, slices.Concat([]string{"kubectl", "istio-demo", "install", "-n", "skipped", "-f", path, "--skip-checks=foreign"}, flags)...)
		if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], "error: configmap skipped/theirs belongs to kubectl; ") {
			t.Errorf("%v: exit code %d\n%s", flags, got.Code, got.Stderr)
		}
		recorder.WantNoWrites(t)
	}
}
