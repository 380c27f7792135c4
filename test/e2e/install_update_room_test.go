package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallUpdateWithoutRoom changes a Deployment that is ready, for whose new pod
// no node or no quota has room: check warns of the nodes, and what is shown while
// install waits is the cause.
func TestInstallUpdateWithoutRoom(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	const image = "image: 'registry.example.com/web:1'"
	change := func(name, to string) string {
		return user.File(t, name, strings.Replace(web, image, to, 1))
	}
	install := func(path string) user.Result {
		return u.Run(t, "kubectl", "istio-demo", "install", "-n", "roomy", "-f", path, "--timeout=6s", "--progress=plain")
	}
	if got := install(change("small.yaml", image)); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	t.Cleanup(func() { u.Uninstall(t, "roomy") })
	lastWait := func(got user.Result, want string) {
		t.Helper()
		lines := regexp.MustCompile(`(?m)^  deployment roomy/web: .*$`).FindAllString(got.Stderr, -1)
		if got.Code != 3 || len(lines) == 0 || !regexp.MustCompile(want).MatchString(lines[len(lines)-1]) {
			t.Errorf("exit code %d, the last line is not like\n%s in\n%s", got.Code, want, got.Stderr)
		}
	}
	small := change("image.yaml", "image: 'registry.example.com/web:2'")
	_, findings := check(t, u, "-n", "roomy", "-f", small)
	found(t, findings, "capacity", "pass", "the manifest adds no pods")
	big := change("big.yaml", image+", resources: {requests: {cpu: 1k}}")
	const noRoom = `no node has room for a pod of deployment roomy/web: it requests cpu 1k, .*`
	code, findings := check(t, u, "-n", "roomy", "-f", big)
	if found(t, findings, "capacity", "warn", noRoom); code != 0 {
		t.Errorf("exit code %d", code)
	}
	got := install(big)
	lastWait(got, `^  deployment roomy/web: Unschedulable: 0/3 nodes are available: .*Insufficient cpu`)
	if !regexp.MustCompile(`(?m)^warning: ` + noRoom).MatchString(got.Stderr) {
		t.Errorf("nobody warned:\n%s", got.Stderr)
	}
	if !regexp.MustCompile(`(?m)^warning: \S+/small\.yaml was installed before; to go back, install that manifest again$`).MatchString(got.Stderr) {
		t.Errorf("nobody says how to go back:\n%s", got.Stderr)
	}
	if back := install(change("small.yaml", image)); back.Code != 0 {
		t.Errorf("exit code %d\n%s", back.Code, back.Stderr)
	}
	u.Must(t, "kubectl", "create", "quota", "one", "-n", "roomy", "--hard=pods=1")
	u.Must(t, "kubectl", "wait", "--for=jsonpath={.status.used.pods}=1", "resourcequota/one", "-n", "roomy", "--timeout=20s")
	lastWait(install(small), `^  deployment roomy/web: FailedCreate: exceeded quota: one, requested: pods=1, used: pods=1, limited: pods=1$`)
}
