package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// twoSelected has selectors, which cannot be changed; CHANGED is where.
var twoSelected = strings.ReplaceAll(fixture.Join(fixture.Deployment("first"), fixture.Deployment("second")), "}}\n", "-CHANGED}}\n")

// TestInstallRecreatesOneByOne makes workloads anew one after the other: the second one
// is there until the first one runs again.
func TestInstallRecreatesOneByOne(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	install := func(value string, flags ...string) string {
		path := user.File(t, "two.yaml", strings.ReplaceAll(twoSelected, "CHANGED", value))
		recorder.Drain()
		got := u.Run(t, append([]string{"kubectl", "istio-demo", "install", "-n", "in-turn", "-f", path}, flags...)...)
		if got.Code != 0 {
			t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
		}
		return got.Stderr
	}
	install("old")
	stderr := install("new", "--recreate-immutable")
	if want := "  2 objects will be deleted and recreated:\n    deployment in-turn/first\n    deployment in-turn/second\n"; !strings.Contains(stderr, want) {
		t.Errorf("no %q in\n%s", want, stderr)
	}
	requests, _ := recorder.Drain()
	at := func(prefix string) int {
		index := slices.IndexFunc(requests, func(request string) bool {
			return strings.HasPrefix(request, prefix) && !strings.Contains(request, "dryRun=All")
		})
		if index < 0 {
			t.Fatalf("no %s among\n%s", prefix, strings.Join(requests, "\n"))
		}
		return index
	}
	const deployments = "/apis/apps/v1/namespaces/in-turn/deployments"
	order := []int{
		at("DELETE " + deployments + "/first"),
		at("PATCH " + deployments + "/first"),
		at("GET " + deployments + "?allowWatchBookmarks=true&fieldSelector=metadata.name%3Dfirst&"), // until it runs
		at("DELETE " + deployments + "/second"),
		at("PATCH " + deployments + "/second"),
	}
	if !slices.IsSorted(order) {
		t.Errorf("the requests came at %v:\n%s", order, strings.Join(requests, "\n"))
	}
	if first, second := strings.Index(stderr, "deployment in-turn/first: ready"), strings.Index(stderr, "deployment in-turn/second: ready"); first < 0 || second < first {
		t.Errorf("the first is not told to be ready before the second:\n%s", stderr)
	}
}

// TestInstallRecreateRefused deletes nothing where the server would refuse the new
// object: by a policy, or by a quota.
func TestInstallRecreateRefused(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	const policy = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: only-old}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: refused-policy}}
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
  validations: [{expression: "object.spec.selector.matchLabels['app'].endsWith('old')", message: only old ones}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: only-old}
spec: {policyName: only-old, validationActions: [Deny]}
`
	defer u.Pipe(t, policy, "kubectl", "delete", "--wait=false", "-f", "-")
	for name, test := range map[string]struct{ refuses, why string }{
		"policy": {policy, "only old ones"},
		"quota":  {"{apiVersion: v1, kind: ResourceQuota, metadata: {name: two}, spec: {hard: {count/deployments.apps: 2}}}", "exceeded quota: two"},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := "refused-" + name
			install := func(value string) user.Result {
				path := user.File(t, "two.yaml", strings.ReplaceAll(twoSelected, "CHANGED", value))
				return u.Run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", path, "--recreate-immutable")
			}
			if got := install("old"); got.Code != 0 {
				t.Fatal(got.Stderr)
			}
			if got := u.Pipe(t, test.refuses, "kubectl", "create", "-n", namespace, "-f", "-"); got.Code != 0 {
				t.Fatal(got.Stderr)
			}
			if name == "quota" {
				u.Must(t, "kubectl", "wait", "--for=jsonpath={.status.used}", "resourcequota/two", "-n", namespace, "--timeout=30s")
			}
			for range 100 { // the API server takes a moment to know a policy
				denied := u.Pipe(t, strings.ReplaceAll(twoSelected, "CHANGED", "new")+"\n", "kubectl", "create", "--dry-run=server", "-n", namespace, "-f", "-")
				if strings.Contains(denied.Stderr, test.why) {
					break
				}
			}
			identities := func() string {
				return u.Must(t, "kubectl", "get", "deployments", "-n", namespace, "-o", "jsonpath={.items[*].metadata.uid}")
			}
			before := identities()
			got := install("new")
			if lines := got.Errors(); got.Code != 1 || len(lines) != 2 || !strings.Contains(lines[0], "cannot recreate: the server would reject the new object: ") || !strings.Contains(lines[0], test.why) {
				t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
			}
			if after := identities(); after != before {
				t.Errorf("there were %s, and are %s", before, after)
			}
			u.Uninstall(t, namespace)
		})
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

// TestInstallRecreate refuses what the server would refuse, all of it and before it
// writes anything, and makes objects anew when told, but never a claim.
func TestInstallRecreate(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	path := user.File(t, "unchangeable.yaml", "")
	install := func(content, value, headless string, flags ...string) user.Result {
		content = strings.ReplaceAll(strings.ReplaceAll(content, "CHANGED", value), ", HEADLESS", headless)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		recorder.Drain()
		return u.Run(t, append([]string{"kubectl", "istio-demo", "install", "-n", "recreate", "-f", path, "--wait=false"}, flags...)...)
	}
	if got := install(unchangeable+claim, "view", ""); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	t.Run("refused", func(t *testing.T) {
		got := install(unchangeable+claim, "edit", ", clusterIP: None")
		recorder.WantNoWrites(t)
		wants := []string{
			"rolebinding recreate/binding: ", "roleRef: ",
			"configmap recreate/sealed: ", "data: Forbidden: field is immutable",
			"service recreate/web: ", "spec.clusterIPs[0]",
			"persistentvolumeclaim recreate/data: ", "back up the object and delete it",
			"deployment recreate/web: ", "spec.selector",
			"job recreate/once: ", "spec.template",
		}
		lines := got.Errors()
		if got.Code != 1 || len(lines) != len(wants)/2 {
			t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
		}
		for i, line := range lines {
			object, field := wants[2*i], wants[2*i+1]
			if !strings.Contains(line, object) || !strings.Contains(line, field) ||
				strings.HasSuffix(line, ", or recreate it with --recreate-immutable") == strings.Contains(object, "claim") {
				t.Errorf("%s %s is not in %s", object, field, line)
			}
		}
	})
	t.Run("not the claim", func(t *testing.T) {
		got := install(unchangeable+claim, "edit", ", clusterIP: None", "--recreate-immutable")
		recorder.WantNoWrites(t)
		if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.Contains(lines[0], "persistentvolumeclaim recreate/data: ") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	})
	t.Run("recreated", func(t *testing.T) {
		same := strings.ReplaceAll(claim, "CHANGED", "view")
		dry := install(unchangeable+same, "edit", ", clusterIP: None", "--recreate-immutable", "--dry-run=server")
		recorder.WantNoWrites(t)
		got := install(unchangeable+same, "edit", ", clusterIP: None", "--recreate-immutable")
		for _, got := range []user.Result{dry, got} {
			// The server gives a claim a new version at the second apply of the same.
			if got.Code != 0 || !strings.HasPrefix(got.Summary(), "5 created, ") {
				t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
			}
		}
	})
}
