package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallPrunesMost has a manifest that shares one object of four with what is
// installed: the others go only if that is asked for, by a flag or on a terminal.
// Half of them go unasked.
func TestInstallPrunesMost(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	four := user.File(t, "four.yaml", fixture.Join(fixture.ConfigMap("a"), fixture.ConfigMap("b"), fixture.ConfigMap("c"), fixture.ConfigMap("d")))
	one := user.File(t, "one.yaml", fixture.ConfigMap("a"))
	install := func(path string, flags ...string) []string {
		return append([]string{"kubectl", "istio-demo", "install", "-n", "mostly", "-f", path}, flags...)
	}
	u.Must(t, install(four)...)
	t.Cleanup(func() { u.Uninstall(t, "mostly") })
	recorder.Drain()
	refusal := one + " lacks 3 of the 4 objects of " + four + " that are installed in namespace mostly, and would delete them"
	const remedy = "delete them with --prune, keep them with --prune=false, or choose another namespace with -n"
	for _, flags := range [][]string{nil, {"--dry-run=server"}, {"--wait=false"}} {
		got := u.Run(t, install(one, flags...)...)
		if lines := got.Errors(); got.Code != 1 || !slices.Equal(lines, []string{"error: " + refusal + "; " + remedy}) {
			t.Errorf("%v: exit code %d\n%s", flags, got.Code, got.Stderr)
		}
	}
	code, findings := check(t, u, "-n", "mostly", "-f", one)
	if found(t, findings, "prune", "fail", refusal); code != 1 {
		t.Errorf("exit code %d", code)
	}
	output, code := u.RunOnTerminal(t, "n\n", install(one)...)
	if code != 0 || !strings.Contains(output, "Delete 3 of the 4 installed objects, which the manifest lacks? [y/N] ") ||
		!strings.Contains(output, "nothing installed and nothing removed; use --prune=false to keep these objects\r\n") || strings.Contains(output, "error") {
		t.Errorf("exit code %d\n%s", code, output)
	}
	recorder.WantNoWrites(t)
	if kept := u.Run(t, install(one, "--prune=false")...); kept.Code != 0 || strings.Contains(kept.Summary(), "pruned") {
		t.Errorf("exit code %d\n%s", kept.Code, kept.Stderr)
	}
	output, code = u.RunOnTerminal(t, "y\n", install(one)...)
	if code != 0 || !strings.Contains(output, " 3 pruned in ") {
		t.Errorf("exit code %d\n%s", code, output)
	}
	u.Must(t, install(four)...)
	two := user.File(t, "two.yaml", fixture.Join(fixture.ConfigMap("a"), fixture.ConfigMap("b")))
	if half := u.Run(t, install(two)...); half.Code != 0 || !strings.Contains(half.Summary(), ", 2 pruned in ") {
		t.Errorf("exit code %d\n%s", half.Code, half.Stderr)
	}
}
