package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallGoAPI has another program install the demo and take it away. What the
// one does the plugin sees, since both write the same inventory.
func TestInstallGoAPI(t *testing.T) {
	t.Parallel()
	installer := filepath.Join(t.TempDir(), "installer")
	// As make build does, so that the packages are compiled already.
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", installer, "../cmd/installer")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	u := user.New(t, controlplane.Start(t, "goapi").Kubeconfig)

	said := u.Must(t, installer, "install", "istio-system")
	for _, pods := range []string{"istiod", "istio-ingressgateway", "istio-egressgateway"} {
		if !slices.Contains(strings.Split(said, "\n"), pods+" runs") {
			t.Errorf("%s does not run, says\n%s", pods, said)
		}
	}
	if status := u.Run(t, "kubectl", "istio-demo", "status"); status.Code != 0 {
		t.Errorf("the plugin's status has exit code %d: %s%s", status.Code, status.Stdout, status.Stderr)
	}
	if again := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none"); !strings.HasPrefix(again.Summary(), "0 created, 0 configured") {
		t.Errorf("the plugin installs something else: %s", again.Stderr)
	}

	gone := u.Must(t, installer, "uninstall", "istio-system")
	applied, removed := leading(t, said), leading(t, gone)
	if applied < 30 || removed != applied {
		t.Errorf("%d objects were applied, and %d removed", applied, removed)
	}
	if left := u.Run(t, "kubectl", "get", "namespace", "istio-system"); !strings.Contains(left.Stderr, "NotFound") {
		t.Errorf("the namespace is left: %s%s", left.Stdout, left.Stderr)
	}
}

// leading gives the number with which a text begins.
func leading(t *testing.T, text string) int {
	t.Helper()
	number, err := strconv.Atoi(regexp.MustCompile(`^\d+`).FindString(text))
	if err != nil {
		t.Fatalf("%q does not begin with a number", text)
	}
	return number
}
