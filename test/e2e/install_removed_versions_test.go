package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
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

// TestInstallRemovedVersions installs what it can and refuses what it must, before
// the first write.
func TestInstallRemovedVersions(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	path := user.File(t, "removed.yaml", removed)
	install := func(flags ...string) user.Result {
		return u.Run(t, append([]string{"kubectl", "istio-demo", "install", "-n", "removed", "-f", path}, flags...)...)
	}
	refused := path + ", document 1 (line 1): podsecuritypolicy restricted: kind PodSecurityPolicy in version policy/v1beta1 was removed in Kubernetes 1.25; " +
		"label the namespaces for Pod Security Admission instead (pod-security.kubernetes.io/enforce)"

	t.Run("refused", func(t *testing.T) {
		got := install()
		if want := "error: " + refused + ", or skip it with --skip-unsupported\n"; got.Code != 2 || got.Stderr != want {
			t.Errorf("exit code %d\n%s, want\n%s", got.Code, got.Stderr, want)
		}
		recorder.WantNoWrites(t)
	})
	t.Run("checked", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "check", "-n", "removed", "-f", path, "-o", "json")
		var answer struct {
			Checks []struct{ Name, Verdict, Message, Remedy string }
		}
		if err := json.Unmarshal([]byte(got.Stdout), &answer); err != nil {
			t.Fatal(err)
		}
		message, _, _ := strings.Cut(refused, "; ")
		if first := answer.Checks[0]; got.Code != 1 || first.Name != "kinds" || first.Verdict != "fail" || first.Message != message || !strings.HasSuffix(first.Remedy, "--skip-unsupported") {
			t.Errorf("exit code %d, %+v", got.Code, first)
		}
		recorder.WantNoWrites(t)
	})
	t.Run("as it is", func(t *testing.T) {
		got := install("--upgrade-apis=false")
		if got.Code != 2 || !strings.Contains(got.Stderr, "kind PodSecurityPolicy in version policy/v1beta1; ") || strings.Contains(got.Stderr, "upgraded") {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		recorder.WantNoWrites(t)
	})
	t.Run("left out", func(t *testing.T) {
		got := install("--skip-unsupported")
		for _, want := range []string{
			"  3 objects upgraded from API versions that the cluster does not serve:\n" +
				"    1 CustomResourceDefinition: apiextensions.k8s.io/v1beta1 -> apiextensions.k8s.io/v1\n" +
				"    1 Deployment: extensions/v1beta1 -> apps/v1\n" +
				"    1 HorizontalPodAutoscaler: autoscaling/v2beta1 -> autoscaling/v2\n",
			"warning: left out: " + refused + "\n",
			"\n5 created, 0 configured, 0 unchanged",
		} {
			if got.Code != 0 || !strings.Contains(got.Stderr, want) {
				t.Errorf("exit code %d, no %q in\n%s", got.Code, want, got.Stderr)
			}
		}
		if again := install("--skip-unsupported"); again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 5 unchanged") {
			t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
		}
		if diff := u.Run(t, "kubectl", "istio-demo", "diff", "-n", "removed", "-f", path, "--skip-unsupported"); diff.Code != 0 || diff.Stdout != "" {
			t.Errorf("exit code %d\n%s%s", diff.Code, diff.Stdout, diff.Stderr)
		}
		target := u.Must(t, "kubectl", "get", "hpa", "web", "-n", "removed", "-o", "jsonpath={.spec.scaleTargetRef.apiVersion} {.spec.metrics[0].resource.target.averageUtilization}")
		if target != "apps/v1 80" {
			t.Errorf("the autoscaler has %q", target)
		}
	})
	t.Run("tried without a cluster", func(t *testing.T) {
		if got := install("--dry-run=client"); got.Code != 2 || !strings.Contains(got.Stderr, refused) || got.Stdout != "" {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		got := install("--dry-run=client", "--skip-unsupported")
		notice := "  3 objects upgraded from API versions that Kubernetes 1.37 does not serve:\n    1 CustomResourceDefinition: "
		if got.Code != 0 || !strings.Contains(got.Stderr, notice) || !strings.Contains(got.Stdout, "deployment.apps/web applied (dry run)\n") || strings.Contains(got.Stdout, "extensions/web") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		if got := install("--dry-run=client", "--upgrade-apis=false"); got.Code != 0 || !strings.Contains(got.Stdout, "deployment.extensions/web applied (dry run)\n") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
	})
	t.Run("without a cluster", func(t *testing.T) {
		arguments := []string{"kubectl", "istio-demo", "manifest", "-n", "removed", "-f", path, "--kubeconfig=/nonexistent", "--upgrade-apis=1.37"}
		if got := u.Run(t, arguments...); got.Code != 2 || !strings.Contains(got.Stderr, refused) || got.Stdout != "" {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		report := u.Run(t, append(arguments, "-o", "report")...)
		row := regexp.MustCompile(`(?m)^deployment web +extensions/v1beta1 +apps/v1 +spec.selector is set from the template's labels$`)
		if report.Code != 0 || report.Stderr != "" || !row.MatchString(report.Stdout) || !strings.Contains(report.Stdout, "<none>") {
			t.Errorf("exit code %d\n%s%s", report.Code, report.Stdout, report.Stderr)
		}
		upgraded := u.Run(t, append(arguments, "--skip-unsupported")...)
		if upgraded.Code != 0 || strings.Contains(upgraded.Stdout, "v1beta1") || !strings.Contains(upgraded.Stderr, ", document 4 (line 19): deployment web: extensions/v1beta1 -> apps/v1; ") {
			t.Errorf("exit code %d\n%s%s", upgraded.Code, upgraded.Stdout, upgraded.Stderr)
		}
		// What it prints is served as it is.
		if got := u.Run(t, "kubectl", "istio-demo", "diff", "-n", "removed", "--upgrade-apis=false", "-f", user.File(t, "upgraded.yaml", upgraded.Stdout)); got.Code != 0 {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
	})
}
