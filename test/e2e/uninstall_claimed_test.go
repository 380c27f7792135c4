package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const managedByUs = "applyset.kubernetes.io/part-of"

// TestUninstallUnderIstioctl has the real istioctl install Istio over what
// install put there: that is istioctl's now, and an uninstall deletes none of it.
func TestUninstallUnderIstioctl(t *testing.T) {
	t.Parallel()
	u := newUser(t, startCluster(t, "claimed").Kubeconfig)
	istioctl := func() {
		u.must(t, "istioctl", "install", "--set", "profile=demo", "--set", "hub=registry.istio.io/release", "--set", "tag=1.31.0", "--skip-confirmation")
	}
	u.must(t, "kubectl", "istio-demo", "install", "--addons=none")
	istioctl()
	t.Run("dry run", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "uninstall", "--dry-run=server")
		if got.code != 0 || strings.Contains(got.stdout, "istiod deleted") || strings.Count(got.stdout, " kept (server dry run)\n") < 45 ||
			!strings.Contains(got.stderr, "deployment istio-system/istiod is kept: it belongs to istioctl now\n") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	})
	t.Run("uninstall", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "uninstall", "--yes")
		if got.code != 0 || strings.Contains(got.stdout, "istiod deleted") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		u.must(t, "kubectl", "get", "deployments/istiod", "deployments/istio-ingressgateway", "configmaps/istio", "-n", "istio-system")
		wantNoLabels(t, u)
		if again := u.must(t, "kubectl", "istio-demo", "uninstall", "--yes"); again != nothingThere {
			t.Errorf("it says %s", again)
		}
	})
	t.Run("refused afterwards", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "install", "--addons=none")
		if got.code != 1 || !strings.Contains(got.stderr, " belong to istioctl; take it away with 'istioctl uninstall --purge', or ") {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
	})
	t.Run("what was kept is nobody's leftover", func(t *testing.T) {
		u.must(t, "istioctl", "uninstall", "--purge", "--skip-confirmation")
		u.must(t, "kubectl", "istio-demo", "install", "--addons=none", "--adopt")
		if got := u.runWith(t, myService, "kubectl", "create", "-f", "-"); got.code != 0 {
			t.Fatal(got.stderr)
		}
		kept := u.run(t, "kubectl", "istio-demo", "uninstall", "--yes")
		if kept.code != 0 || !strings.Contains(kept.stdout, myDefinition+" kept\n") {
			t.Fatalf("exit code %d\n%s%s", kept.code, kept.stdout, kept.stderr)
		}
		wantNoLabels(t, u)
		istioctl()
		u.must(t, "kubectl", "delete", "virtualservice", "mine", "-n", "default")
		if again := u.must(t, "kubectl", "istio-demo", "uninstall", "--yes"); again != nothingThere {
			t.Errorf("it says %s", again)
		}
		u.must(t, "kubectl", "get", myDefinition)
	})
}

// wantNoLabels looks for objects of which an inventory is left.
func wantNoLabels(t *testing.T, u *user) {
	t.Helper()
	const all = "deployments,services,configmaps,serviceaccounts,roles,rolebindings,customresourcedefinitions," +
		"clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,namespaces"
	if left := u.must(t, "kubectl", "get", all, "-A", "-l", managedByUs, "-o", "name"); left != "" {
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

// TestClaimedMembers keeps what another tool has claimed, in an uninstall and in
// a prune, and deletes what was only edited.
func TestClaimedMembers(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	settings := func(names ...string) string {
		var manifest strings.Builder
		for _, name := range names {
			fmt.Fprintf(&manifest, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {mode: demo}}\n", name)
		}
		return write(t, "settings.yaml", manifest.String())
	}
	install := func(t *testing.T, namespace string) {
		t.Helper()
		u.must(t, "kubectl", "create", "namespace", namespace)
		names := []string{"edited"}
		for _, claim := range claims {
			names = append(names, claim.name)
		}
		u.must(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", settings(names...))
		u.must(t, "kubectl", "label", "configmap", "edited", "-n", namespace, "team=shop")
		for _, claim := range claims {
			object := fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, %s}, data: {mode: demo}}", claim.name, claim.metadata)
			if got := u.runWith(t, strings.ReplaceAll(object, ", }", "}"), slices.Concat([]string{"kubectl"}, strings.Fields(claim.command), []string{"-n", namespace, "-f", "-"})...); got.code != 0 {
				t.Fatal(got.stderr)
			}
		}
	}
	wantKept := func(t *testing.T, namespace string, got result) {
		t.Helper()
		for _, claim := range claims {
			if want := fmt.Sprintf("configmap %s/%s is kept: it belongs to %s now\n", namespace, claim.name, claim.owner); !strings.Contains(got.stderr, want) {
				t.Errorf("no %q in\n%s", want, got.stderr)
			}
			u.must(t, "kubectl", "get", "configmap", claim.name, "-n", namespace)
		}
		if edited := u.run(t, "kubectl", "get", "configmap", "edited", "-n", namespace); !strings.Contains(edited.stderr, "NotFound") {
			t.Errorf("what was only edited is left: %s", edited.stdout)
		}
		if left := u.must(t, "kubectl", "get", "configmaps", "-n", namespace, "-l", managedByUs, "-o", "name"); strings.Contains(left, "operator") {
			t.Errorf("the inventory's label is left on %s", left)
		}
	}
	t.Run("prune", func(t *testing.T) {
		install(t, "claimed-prune")
		wantKept(t, "claimed-prune", u.run(t, "kubectl", "istio-demo", "install", "-n", "claimed-prune", "-f", settings("new"), "--prune"))
	})
	t.Run("uninstall", func(t *testing.T) {
		install(t, "claimed-uninstall")
		got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "claimed-uninstall", "--yes")
		if got.code != 0 {
			t.Errorf("exit code %d", got.code)
		}
		wantKept(t, "claimed-uninstall", got)
	})
	t.Run("when told", func(t *testing.T) {
		install(t, "claimed-purge")
		got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "claimed-purge", "--yes", "--purge-claimed")
		if left := u.must(t, "kubectl", "get", "configmaps", "-n", "claimed-purge", "-o", "name"); got.code != 0 || left != "configmap/kube-root-ca.crt\n" {
			t.Errorf("exit code %d, left are %s\n%s", got.code, left, got.stderr)
		}
	})
}

// TestBoundClaimsAreKept keeps PersistentVolumeClaims of the manifest once they
// are bound to a volume, and the namespace for them.
func TestBoundClaimsAreKept(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	volume := `{apiVersion: v1, kind: PersistentVolume, metadata: {name: volume-of-data}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce],
  storageClassName: by-hand, claimRef: {namespace: data, name: bound}, hostPath: {path: /tmp/none}}}`
	if got := u.runWith(t, volume, "kubectl", "create", "-f", "-"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	defer u.run(t, "kubectl", "delete", "persistentvolume", "volume-of-data", "--wait=false")
	const claim = "---\n{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: %s}, spec: {storageClassName: by-hand, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}\n"
	const free = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: free}}\n"
	path := write(t, "claims.yaml", fmt.Sprintf(claim, "bound")+fmt.Sprintf(claim, "unbound")+free)
	u.must(t, "kubectl", "istio-demo", "install", "-n", "data", "-f", path, "--wait=false")
	u.must(t, "kubectl", "wait", "--for=jsonpath={.status.phase}=Bound", "persistentvolumeclaim/bound", "-n", "data", "--timeout=30s")
	const why = "persistentvolumeclaim data/bound is kept: it is bound to volume volume-of-data, which may hold data\n"

	pruned := u.run(t, "kubectl", "istio-demo", "install", "-n", "data", "-f", write(t, "free.yaml", free))
	if pruned.code != 0 || !strings.Contains(pruned.stderr, why) || strings.Contains(pruned.stderr, "data/unbound is kept") {
		t.Errorf("exit code %d\n%s", pruned.code, pruned.stderr)
	}
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "data", "--dry-run=server")
	if got.code != 0 || !strings.Contains(got.stderr, why) || !strings.Contains(got.stdout, "namespace/data kept (server dry run)\n") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	got = u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "data", "--yes", "--purge-pvcs")
	if got.code != 0 || !strings.Contains(got.stdout, "persistentvolumeclaim/bound deleted\n") || !strings.Contains(got.stdout, "namespace/data deleted\n") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// TestSelfOwned keeps a namespace for an object of the user's that belongs to
// itself, as one does that points to something that it should not.
func TestSelfOwned(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.must(t, "kubectl", "istio-demo", "install", "-n", "selfish", "-f", write(t, "free.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: free}}"))
	u.must(t, "kubectl", "create", "configmap", "mine", "-n", "selfish")
	uid := u.must(t, "kubectl", "get", "configmap", "mine", "-n", "selfish", "-o", "jsonpath={.metadata.uid}")
	u.must(t, "kubectl", "patch", "configmap", "mine", "-n", "selfish", "--type=merge", "-p",
		fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"mine","uid":%q}]}}`, uid))
	got := u.run(t, "kubectl", "istio-demo", "uninstall", "-n", "selfish", "--yes")
	if got.code != 0 || !strings.Contains(got.stderr, "namespace selfish is kept: it holds configmap selfish/mine of yours\n") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	u.must(t, "kubectl", "get", "configmap", "mine", "-n", "selfish")
}

// TestSkippedForeign skips the finding that there is another Istio, and no more:
// what belongs to others is neither taken in nor recreated.
func TestSkippedForeign(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	u.must(t, "kubectl", "create", "namespace", "skipped")
	u.must(t, "kubectl", "create", "configmap", "theirs", "-n", "skipped", "--from-literal=mode=theirs")
	path := write(t, "theirs.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: theirs}, data: {mode: theirs}, immutable: true}")
	for _, flags := range [][]string{{}, {"--recreate-immutable"}, {"--force-conflicts"}} {
		recorder.take()
		got := u.run(t, slices.Concat([]string{"kubectl", "istio-demo", "install", "-n", "skipped", "-f", path, "--skip-checks=foreign"}, flags)...)
		if lines := errorLines(got.stderr); got.code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], "error: configmap skipped/theirs belongs to kubectl; ") {
			t.Errorf("%v: exit code %d\n%s", flags, got.code, got.stderr)
		}
		recorder.wantNoWrites(t)
	}
}
