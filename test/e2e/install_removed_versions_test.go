package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// removed has objects of versions that no cluster serves any more, one of them
// without a successor.
const removed = `apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: restricted}
spec: {privileged: false}
---
apiVersion: widgets.example.com/v1
kind: Widget
metadata: {name: one}
spec: {size: 3}
---
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: widgets.widgets.example.com}
spec:
  group: widgets.example.com
  version: v1
  names: {plural: widgets, kind: Widget}
---
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example.com/web:1"}]}
---
apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  maxReplicas: 3
  scaleTargetRef: {apiVersion: extensions/v1beta1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 80}}]
`

// TestRemovedVersions installs what it can and refuses what it must, before
// the first write.
func TestRemovedVersions(t *testing.T) {
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	path := write(t, "removed.yaml", removed)
	install := func(flags ...string) result {
		return u.run(t, append([]string{"kubectl", "istio-demo", "install", "-n", "removed", "-f", path}, flags...)...)
	}
	refused := path + ", document 1 (line 1): podsecuritypolicy restricted: kind PodSecurityPolicy in version policy/v1beta1 was removed in Kubernetes 1.25; " +
		"label the namespaces for Pod Security Admission instead (pod-security.kubernetes.io/enforce)"

	t.Run("refused", func(t *testing.T) {
		got := install()
		if want := "error: " + refused + ", or leave it out with --skip-unsupported\n"; got.code != 2 || got.stderr != want {
			t.Errorf("exit code %d\n%s, want\n%s", got.code, got.stderr, want)
		}
		recorder.wantNoWrites(t)
	})
	t.Run("checked", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "check", "-n", "removed", "-f", path, "-o", "json")
		var answer struct {
			Checks []struct{ Name, Verdict, Message, Remedy string }
		}
		if err := json.Unmarshal([]byte(got.stdout), &answer); err != nil {
			t.Fatal(err)
		}
		message, _, _ := strings.Cut(refused, "; ")
		if first := answer.Checks[0]; got.code != 1 || first.Name != "kinds" || first.Verdict != "fail" || first.Message != message || !strings.HasSuffix(first.Remedy, "--skip-unsupported") {
			t.Errorf("exit code %d, %+v", got.code, first)
		}
		recorder.wantNoWrites(t)
	})
	t.Run("as it is", func(t *testing.T) {
		got := install("--upgrade-apis=false")
		if got.code != 2 || !strings.Contains(got.stderr, "kind PodSecurityPolicy in version policy/v1beta1; ") || strings.Contains(got.stderr, "upgraded") {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
		recorder.wantNoWrites(t)
	})
	t.Run("left out", func(t *testing.T) {
		got := install("--skip-unsupported")
		for _, want := range []string{
			"  3 objects in versions that the cluster does not serve, upgraded:\n" +
				"    1 CustomResourceDefinition: apiextensions.k8s.io/v1beta1 -> apiextensions.k8s.io/v1\n" +
				"    1 Deployment: extensions/v1beta1 -> apps/v1\n" +
				"    1 HorizontalPodAutoscaler: autoscaling/v2beta1 -> autoscaling/v2\n",
			"warning: left out: " + refused + "\n",
			"\n5 created, 0 configured, 0 unchanged",
		} {
			if got.code != 0 || !strings.Contains(got.stderr, want) {
				t.Errorf("exit code %d, no %q in\n%s", got.code, want, got.stderr)
			}
		}
		if again := install("--skip-unsupported"); again.code != 0 || !strings.HasPrefix(summary(again.stderr), "0 created, 0 configured, 5 unchanged") {
			t.Errorf("exit code %d\n%s", again.code, again.stderr)
		}
		if diff := u.run(t, "kubectl", "istio-demo", "diff", "-n", "removed", "-f", path, "--skip-unsupported"); diff.code != 0 || diff.stdout != "" {
			t.Errorf("exit code %d\n%s%s", diff.code, diff.stdout, diff.stderr)
		}
		target := u.must(t, "kubectl", "get", "hpa", "web", "-n", "removed", "-o", "jsonpath={.spec.scaleTargetRef.apiVersion} {.spec.metrics[0].resource.target.averageUtilization}")
		if target != "apps/v1 80" {
			t.Errorf("the autoscaler has %q", target)
		}
	})
	t.Run("tried without a cluster", func(t *testing.T) {
		if got := install("--dry-run=client"); got.code != 2 || !strings.Contains(got.stderr, refused) || got.stdout != "" {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		got := install("--dry-run=client", "--skip-unsupported")
		told := "  3 objects in versions that Kubernetes 1.37 does not serve, upgraded:\n    1 CustomResourceDefinition: "
		if got.code != 0 || !strings.Contains(got.stderr, told) || !strings.Contains(got.stdout, "deployment.apps/web applied (dry run)\n") || strings.Contains(got.stdout, "extensions/web") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		if got := install("--dry-run=client", "--upgrade-apis=false"); got.code != 0 || !strings.Contains(got.stdout, "deployment.extensions/web applied (dry run)\n") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	})
	t.Run("without a cluster", func(t *testing.T) {
		arguments := []string{"kubectl", "istio-demo", "manifest", "-n", "removed", "-f", path, "--kubeconfig=/nonexistent", "--upgrade-apis=1.37"}
		if got := u.run(t, arguments...); got.code != 2 || !strings.Contains(got.stderr, refused) || got.stdout != "" {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		report := u.run(t, append(arguments, "-o", "report")...)
		row := regexp.MustCompile(`(?m)^deployment web +extensions/v1beta1 +apps/v1 +spec.selector is set from the template's labels$`)
		if report.code != 0 || report.stderr != "" || !row.MatchString(report.stdout) || !strings.Contains(report.stdout, "<none>") {
			t.Errorf("exit code %d\n%s%s", report.code, report.stdout, report.stderr)
		}
		upgraded := u.run(t, append(arguments, "--skip-unsupported")...)
		if upgraded.code != 0 || strings.Contains(upgraded.stdout, "v1beta1") || !strings.Contains(upgraded.stderr, ", document 4 (line 19): deployment web: extensions/v1beta1 -> apps/v1; ") {
			t.Errorf("exit code %d\n%s%s", upgraded.code, upgraded.stdout, upgraded.stderr)
		}
		// What it prints is served as it is.
		if got := u.run(t, "kubectl", "istio-demo", "diff", "-n", "removed", "--upgrade-apis=false", "-f", write(t, "upgraded.yaml", upgraded.stdout)); got.code != 0 {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	})
}
