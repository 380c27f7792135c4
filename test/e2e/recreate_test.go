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
