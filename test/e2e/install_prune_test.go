package e2e

import (
	"os"
	"strings"
	"testing"
)

// older and newer are two versions of a manifest; newer lacks the definition
// and its object, a namespace with what is in it, and has one ConfigMap under
// another name.
const (
	inBoth = `apiVersion: v1
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
	onlyOlder = `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.prune.example.com}
spec:
  group: prune.example.com
  names: {kind: Gadget, plural: gadgets}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
---
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
)

// TestPrune goes from one version of a manifest to another and back.
func TestPrune(t *testing.T) {
	t.Parallel()
	recorder := newRecorder(t, startCluster(t, "prune").Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	older := write(t, "older.yaml", strings.ReplaceAll(inBoth+onlyOlder, "VERSION", "1"))
	newer := write(t, "newer.yaml", strings.ReplaceAll(inBoth, "VERSION", "2"))
	u.must(t, "kubectl", "istio-demo", "install", "-f", older)
	recorder.take()
	t.Run("dry run", func(t *testing.T) { pruneDry(t, u, recorder, newer) })
	t.Run("not now", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "install", "-f", newer, "--prune=false")
		if got.code != 0 || !strings.Contains(got.stderr, "  5 objects of an earlier install are kept (--prune=false):\n") || strings.Contains(summary(got.stderr), "pruned") {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
		u.must(t, "kubectl", "get", "-n", "istio-system", "configmap/settings-1", "gadget/first")
	})
	for _, mine := range []string{
		"{apiVersion: prune.example.com/v1, kind: Gadget, metadata: {name: mine, namespace: default}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: mine, namespace: extra}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: others, namespace: istio-system, labels: {applyset.kubernetes.io/part-of: applyset-of-others-v1}}}",
	} {
		u.runWith(t, mine, "kubectl", "create", "-f", "-")
	}
	copied := u.must(t, "kubectl", "get", "configmap", "settings-1", "-n", "istio-system", "-o", "yaml")
	u.runWith(t, strings.Replace(copied, "name: settings-1", "name: copy", 1), "kubectl", "apply", "-f", "-")
	t.Run("upgrade", func(t *testing.T) { pruneUpgrade(t, u, newer) })
	t.Run("once they are empty", func(t *testing.T) {
		u.must(t, "kubectl", "delete", "gadget", "mine", "-n", "default")
		u.must(t, "kubectl", "delete", "configmap", "mine", "-n", "extra")
		got := u.run(t, "kubectl", "istio-demo", "install", "-f", newer)
		if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "0 created, 0 configured, 5 unchanged, 2 pruned in ") {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
		for _, gone := range []string{"namespace/extra", "customresourcedefinition/gadgets.prune.example.com"} {
			if got := u.run(t, "kubectl", "get", gone); got.code == 0 {
				t.Errorf("%s is still there", gone)
			}
		}
	})
	t.Run("again", func(t *testing.T) { installAgain(t, u, recorder, newer) })
	t.Run("downgrade", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "install", "-f", older)
		if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "5 created, 2 configured, 2 unchanged, 1 pruned in ") {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
	})
}

// pruneDry says what would go, and lets it be.
func pruneDry(t *testing.T, u *user, recorder *recorder, newer string) {
	client := u.run(t, "kubectl", "istio-demo", "install", "-f", newer, "--dry-run=client")
	if client.code != 0 || strings.Contains(client.stdout+client.stderr, "prune") {
		t.Errorf("exit code %d\n%s%s", client.code, client.stdout, client.stderr)
	}
	server := u.run(t, "kubectl", "istio-demo", "install", "-f", newer, "--dry-run=server")
	if server.code != 0 || !strings.Contains(summary(server.stderr), ", 5 pruned in ") {
		t.Errorf("exit code %d\n%s", server.code, server.stderr)
	}
	for _, want := range []string{
		"configmap/settings-1", "configmap/inside", "gadget.prune.example.com/first", "namespace/extra",
		"customresourcedefinition.apiextensions.k8s.io/gadgets.prune.example.com",
	} {
		if !strings.Contains(server.stdout, want+" pruned (server dry run)\n") {
			t.Errorf("%s is not pruned in\n%s", want, server.stdout)
		}
	}
	recorder.wantNoWrites(t)
}

// pruneUpgrade lists what goes before it writes, and keeps what holds objects
// of the user's.
func pruneUpgrade(t *testing.T, u *user, newer string) {
	got := u.run(t, "kubectl", "istio-demo", "install", "-f", newer)
	if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "0 created, 0 configured, 5 unchanged, 3 pruned in ") {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	told, _, _ := strings.Cut(got.stderr, "  [1/")
	for _, want := range []string{
		"  5 objects of an earlier install will be pruned at the end:\n",
		"    customresourcedefinition gadgets.prune.example.com\n", "    namespace extra\n", "    configmap extra/inside\n",
		"    configmap istio-system/settings-1\n", "    gadget istio-system/first\n",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not said before the first write:\n%s", want, got.stderr)
		}
	}
	for _, want := range []string{
		"  customresourcedefinition gadgets.prune.example.com is kept: it holds gadget default/mine of yours\n",
		"  namespace extra is kept: it holds configmap extra/mine of yours\n",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("%q is not in\n%s", want, got.stderr)
		}
	}
	u.must(t, "kubectl", "get", "-n", "istio-system", "configmap/others", "configmap/copy")
	if gone := u.run(t, "kubectl", "get", "-n", "istio-system", "configmap/settings-1"); gone.code == 0 {
		t.Error("configmap settings-1 is still there")
	}
}

// installAgain finds nothing to do: the applies of the objects change nothing,
// and the inventory is not even written.
func installAgain(t *testing.T, u *user, recorder *recorder, path string) {
	stored := func() string {
		return u.must(t, "kubectl", "get", "configmaps,services,deployments", "-n", "istio-system", "-o",
			`jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.resourceVersion}{"\n"}{end}`)
	}
	before := stored()
	recorder.take()
	got := u.run(t, "kubectl", "istio-demo", "install", "-f", path)
	if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "0 created, 0 configured, 5 unchanged in ") || strings.Contains(got.stderr, "earlier install") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	_, writes := recorder.take()
	for _, write := range writes {
		if !strings.HasPrefix(write, "PATCH ") || strings.Contains(write, "configmaps/istio-demo") {
			t.Errorf("it sends %s", write)
		}
	}
	if after := stored(); before != after {
		t.Errorf("it changed objects:\n%s\nthen\n%s", before, after)
	}
}

// unchangeable has a field in each object that the server lets nobody change;
// CHANGED is where.
const unchangeable = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: CHANGED}}
  template:
    metadata: {labels: {app: CHANGED}}
    spec: {containers: [{name: web, image: registry.example.com/web:1}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: CHANGED}
subjects: [{kind: User, name: somebody, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: once, image: "registry.example.com/once:CHANGED"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: sealed}
immutable: true
data: {a: CHANGED}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}], HEADLESS}
`

const claim = `---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: CHANGED, resources: {requests: {storage: 1Gi}}}
`

// TestRecreate refuses what the server would refuse, all of it and before it
// writes anything, and makes objects anew when told, but never a claim.
func TestRecreate(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	path := write(t, "unchangeable.yaml", "")
	install := func(content, value, headless string, flags ...string) result {
		content = strings.ReplaceAll(strings.ReplaceAll(content, "CHANGED", value), ", HEADLESS", headless)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		recorder.take()
		return u.run(t, append([]string{"kubectl", "istio-demo", "install", "-n", "recreate", "-f", path, "--wait=false"}, flags...)...)
	}
	if got := install(unchangeable+claim, "view", ""); got.code != 0 {
		t.Fatal(got.stderr)
	}
	t.Run("refused", func(t *testing.T) {
		got := install(unchangeable+claim, "edit", ", clusterIP: None")
		recorder.wantNoWrites(t)
		wants := []string{
			"rolebinding recreate/binding: ", "roleRef: ",
			"configmap recreate/sealed: ", "data: Forbidden: field is immutable",
			"service recreate/web: ", "spec.clusterIPs[0]",
			"persistentvolumeclaim recreate/data: ", "save what the object holds and delete it",
			"deployment recreate/web: ", "spec.selector",
			"job recreate/once: ", "spec.template",
		}
		lines := errorLines(got.stderr)
		if got.code != 1 || len(lines) != len(wants)/2 {
			t.Fatalf("exit code %d\n%s", got.code, got.stderr)
		}
		for i, line := range lines {
			object, field := wants[2*i], wants[2*i+1]
			if !strings.Contains(line, object) || !strings.Contains(line, field) ||
				strings.HasSuffix(line, ", or have it deleted and made anew with --recreate-immutable") == strings.Contains(object, "claim") {
				t.Errorf("%s %s is not in %s", object, field, line)
			}
		}
	})
	t.Run("not the claim", func(t *testing.T) {
		got := install(unchangeable+claim, "edit", ", clusterIP: None", "--recreate-immutable")
		recorder.wantNoWrites(t)
		if lines := errorLines(got.stderr); got.code != 1 || len(lines) != 1 || !strings.Contains(lines[0], "persistentvolumeclaim recreate/data: ") {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
	})
	t.Run("recreated", func(t *testing.T) {
		same := strings.ReplaceAll(claim, "CHANGED", "view")
		dry := install(unchangeable+same, "edit", ", clusterIP: None", "--recreate-immutable", "--dry-run=server")
		recorder.wantNoWrites(t)
		got := install(unchangeable+same, "edit", ", clusterIP: None", "--recreate-immutable")
		for _, got := range []result{dry, got} {
			// The server gives a claim a new version at the second apply of the same.
			if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "5 created, ") {
				t.Errorf("exit code %d\n%s", got.code, got.stderr)
			}
		}
	})
}

// TestKubectlsApplySet has kubectl read the inventory: it refuses it as long
// as it is ours, and takes it for its own when that is changed.
func TestKubectlsApplySet(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.environment = append(u.environment, "KUBECTL_APPLYSET=true")
	path := write(t, "three.yaml", three)
	u.must(t, "kubectl", "istio-demo", "install", "-n", "kubectls", "-f", path, "--wait=false")
	less := write(t, "less.yaml", strings.SplitN(three, "---\n", 3)[2])
	apply := func() result {
		return u.run(t, "kubectl", "apply", "-n", "kubectls", "--server-side", "--force-conflicts", "--prune",
			"--applyset=configmap/istio-demo", "-f", less, "--dry-run=server")
	}
	if got := apply(); got.code != 1 || !strings.Contains(got.stderr, `managed by tooling "kubectl-istio-demo"`) {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	u.must(t, "kubectl", "annotate", "configmap", "istio-demo", "-n", "kubectls", "--overwrite", "applyset.kubernetes.io/tooling=kubectl/v1.37.2")
	got := apply()
	for _, want := range []string{"configmap/free pruned (server dry run)\n", "serviceaccount/account pruned (server dry run)\n"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("exit code %d, no %q in\n%s%s", got.code, want, got.stdout, got.stderr)
		}
	}
	// What is kubectl's now is left alone.
	if ours := u.run(t, "kubectl", "istio-demo", "install", "-n", "kubectls", "-f", path); ours.code != 1 ||
		!strings.Contains(ours.stderr, "error: configmap kubectls/istio-demo is the inventory of another tool, kubectl/v1.37.2; ") {
		t.Errorf("exit code %d\n%s", ours.code, ours.stderr)
	}
}
