package e2e

import (
	"slices"
	"strings"
	"testing"
)

const twoSelected = `apiVersion: apps/v1
kind: Deployment
metadata: {name: first}
spec:
  selector: {matchLabels: {app: first-CHANGED}}
  template:
    metadata: {labels: {app: first-CHANGED}}
    spec: {containers: [{name: web, image: "registry.example.com/web:1"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: second}
spec:
  selector: {matchLabels: {app: second-CHANGED}}
  template:
    metadata: {labels: {app: second-CHANGED}}
    spec: {containers: [{name: web, image: "registry.example.com/web:1"}]}
`

// TestRecreateInTurn makes workloads anew one after the other: the second one
// is there until the first one runs again.
func TestRecreateInTurn(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	install := func(value string, flags ...string) string {
		path := write(t, "two.yaml", strings.ReplaceAll(twoSelected, "CHANGED", value))
		recorder.take()
		got := u.run(t, append([]string{"kubectl", "istio-demo", "install", "-n", "in-turn", "-f", path}, flags...)...)
		if got.code != 0 {
			t.Fatalf("exit code %d\n%s", got.code, got.stderr)
		}
		return got.stderr
	}
	install("old")
	told := install("new", "--recreate-immutable")
	if want := "  2 objects will be deleted and made anew:\n    deployment in-turn/first\n    deployment in-turn/second\n"; !strings.Contains(told, want) {
		t.Errorf("no %q in\n%s", want, told)
	}
	requests, _ := recorder.take()
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
	if first, second := strings.Index(told, "deployment in-turn/first: ready"), strings.Index(told, "deployment in-turn/second: ready"); first < 0 || second < first {
		t.Errorf("the first is not told to be ready before the second:\n%s", told)
	}
}

// TestRecreateRefused deletes nothing where the server would refuse the new
// object: by a policy, or by a quota.
func TestRecreateRefused(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
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
	defer u.runWith(t, policy, "kubectl", "delete", "--wait=false", "-f", "-")
	for name, test := range map[string]struct{ refuses, why string }{
		"policy": {policy, "only old ones"},
		"quota":  {"{apiVersion: v1, kind: ResourceQuota, metadata: {name: two}, spec: {hard: {count/deployments.apps: 2}}}", "exceeded quota: two"},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := "refused-" + name
			install := func(value string) result {
				path := write(t, "two.yaml", strings.ReplaceAll(twoSelected, "CHANGED", value))
				return u.run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", path, "--recreate-immutable")
			}
			if got := install("old"); got.code != 0 {
				t.Fatal(got.stderr)
			}
			if got := u.runWith(t, test.refuses, "kubectl", "create", "-n", namespace, "-f", "-"); got.code != 0 {
				t.Fatal(got.stderr)
			}
			if name == "quota" {
				u.must(t, "kubectl", "wait", "--for=jsonpath={.status.used}", "resourcequota/two", "-n", namespace, "--timeout=30s")
			}
			for range 100 { // the API server takes a moment to know a policy
				denied := u.runWith(t, strings.ReplaceAll(twoSelected, "CHANGED", "new")+"\n", "kubectl", "create", "--dry-run=server", "-n", namespace, "-f", "-")
				if strings.Contains(denied.stderr, test.why) {
					break
				}
			}
			identities := func() string {
				return u.must(t, "kubectl", "get", "deployments", "-n", namespace, "-o", "jsonpath={.items[*].metadata.uid}")
			}
			before := identities()
			got := install("new")
			if lines := errorLines(got.stderr); got.code != 1 || len(lines) != 2 || !strings.Contains(lines[0], "cannot be recreated, since the server would refuse the new one: ") || !strings.Contains(lines[0], test.why) {
				t.Errorf("exit code %d\n%s", got.code, got.stderr)
			}
			if after := identities(); after != before {
				t.Errorf("there were %s, and are %s", before, after)
			}
			uninstall(t, u, namespace)
		})
	}
}
