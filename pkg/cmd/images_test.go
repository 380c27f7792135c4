package cmd

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestImagesPipe runs what the page of images pipes them into, with names that
// a shell would run.
func TestImagesPipe(t *testing.T) {
	for _, name := range []string{"docs/commands/images.md", "docs/commands.zh-CN.md"} {
		data, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		example := regexp.MustCompile(`(?s)kubectl istio-demo images \|.*?\n(done|kubectl)`).FindString(string(data))
		var images []string
		for _, image := range append([]string{"docker.io/istio/pilot:1"}, pasted.Names...) {
			if !strings.ContainsAny(image, "\n\x00") {
				images = append(images, image)
			}
		}
		script := "kubectl() { test \"$2\" != images || printf '%s\\n' \"$IMAGES\"; }\ncrane() { printf '%s %s\\n' \"$2\" \"$3\"; }\n" + example
		shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
		shell.Dir, shell.Env = t.TempDir(), []string{"IMAGES=" + strings.Join(images, "\n")}
		output, err := shell.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(output), "docker.io/istio/pilot:1 registry.example.com/istio/pilot:1\n") {
			t.Errorf("%s: %v\n%s\n%s", name, err, example, output)
		}
		if lines := strings.Count(string(output), "\n"); lines != len(images) {
			t.Errorf("%s: %d images become %d\n%s", name, len(images), lines, output)
		}
		if left, err := os.ReadDir(shell.Dir); err != nil || len(left) > 0 {
			t.Errorf("%s: it leaves %v, %v", name, left, err)
		}
	}
}
