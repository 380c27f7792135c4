package addons

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// controlPlane are the prefixes of the metrics that istiod registers itself.
var controlPlane = regexp.MustCompile(`^(pilot|citadel|galley|sidecar_injection|istio_build$)`)

// TestMetrics finds each of istiod's metrics that a dashboard names in the
// source of the Istio release that the plugin installs.
func TestMetrics(t *testing.T) {
	registered := istioNames(t)
	seen := map[string]bool{}
	for _, selector := range selectors(t) {
		if !controlPlane.MatchString(selector.Name) || seen[selector.Name] {
			continue
		}
		seen[selector.Name] = true
		if !registered[selector.Name] && !registered[strings.TrimSuffix(selector.Name, "_bucket")] {
			t.Errorf("istiod has no metric %s", selector.Name)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d metrics were looked for", len(seen))
	}
}

var quotedName = regexp.MustCompile(`"([a-z]+(?:_[a-z0-9]+)+|istio_build)"`)

// istioNames gives what stands in quotes in istiod's source.
func istioNames(t *testing.T) map[string]bool {
	t.Helper()
	command := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, part := range []string{"pilot/pkg", "pkg/kube/inject", "pkg/version", "pkg/webhooks", "pkg/xds", "security/pkg"} {
		err := filepath.WalkDir(filepath.Join(strings.TrimSpace(string(out)), part), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, match := range quotedName.FindAllSubmatch(source, -1) {
				names[string(match[1])] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
