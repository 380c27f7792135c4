package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestCheckTable prints tables on terminals of several widths, and without one,
// where every row is a line.
func TestCheckTable(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	own := user.File(t, "own.yaml", web)
	for _, arguments := range [][]string{
		{"kubectl", "istio-demo", "check", "--addons=none", "-n", "tables"},
		{"kubectl", "istio-demo", "check", "-f", own, "-n", "tables", "--as", "nobody"},
		{"kubectl", "istio-demo", "sample", "list"},
		{"kubectl", "istio-demo", "images", "--archs"},
	} {
		whole := u.Run(t, arguments...)
		for _, columns := range []int{60, 80, 120} {
			shown, code := u.RunOnTerminalOf(t, columns, arguments...)
			if code != whole.Code {
				t.Errorf("%v at %d: exit code %d, and %d without a terminal", arguments, columns, code, whole.Code)
			}
			for line := range strings.Lines(shown) {
				// Commands to paste stay whole.
				if line = strings.TrimRight(line, "\r\n"); len([]rune(line)) >= columns && !strings.Contains(line, "'") {
					t.Errorf("%v at %d has a line of %d:\n%s", arguments, columns, len([]rune(line)), line)
				}
			}
			if words(shown) < words(whole.Stdout) {
				t.Errorf("%v at %d lacks something:\n%s\nof\n%s", arguments, columns, shown, whole.Stdout)
			}
		}
	}
}

// words counts what is no space: a word may be broken, but nothing is left out.
func words(text string) int { return len(strings.Join(strings.Fields(text), "")) }

// TestInstallDryRunTotals ends a dry run with its totals, on a terminal.
func TestInstallDryRunTotals(t *testing.T) {
	u := controlplane.SharedDemo(t)
	shown, code := u.RunOnTerminalOf(t, 100, "kubectl", "istio-demo", "install", "--addons=none", "--prune=false", "--dry-run=server", "--set", "pilot.traceSampling=7")
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(shown, "\r", ""), "\n"), "\n")
	if last := lines[len(lines)-1]; code != 0 || !strings.HasPrefix(last, "0 created, 2 configured, ") || !strings.HasSuffix(last, " (server dry run)") {
		t.Errorf("exit code %d, and the last line is %q of\n%s", code, last, shown)
	}
	if !strings.Contains(shown, "deployment.apps/istiod configured (server dry run)") || strings.Contains(shown, "unchanged (") {
		t.Errorf("it shows\n%s", shown)
	}
}
