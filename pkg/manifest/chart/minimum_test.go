package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMinimumKubernetes reads it where Istio says it, which nothing small can
// import.
func TestMinimumKubernetes(t *testing.T) {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "istioctl/pkg/install/k8sversion/version.go"))
	if err != nil {
		t.Fatal(err)
	}
	minor := regexp.MustCompile(`(?m)^\tMinK8SVersion += (\d+)$`).FindSubmatch(source)
	if minor == nil || MinimumKubernetes != "1."+string(minor[1]) {
		t.Errorf("MinimumKubernetes is %s, and MinK8SVersion %q", MinimumKubernetes, minor)
	}
}
