package cmd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// everyCommand are the arguments of each command, in several formats, and a part
// of what a hostile cluster has them say; FILE is a manifest of the same sort.
var everyCommand = map[string][]string{
	"install":          {"--timeout=1s", "-o name --timeout=1s", "--progress=json --timeout=1s", "-f FILE --timeout=1s", "-f FILE --dry-run=client", "-f FILE --dry-run=client -o json", "-f FILE --dry-run=client -o name"},
	"check":            {"", "-o json", "-o yaml", "-f FILE"},
	"pods":             {"", "-o wide", "-o json", "-o yaml", "-o name", "-o custom-columns=A:.metadata.name", "a"},
	"services":         {"", "-o wide", "-o json", "-o name"},
	"status":           {"", "-o wide", "-o json", "-o yaml"},
	"logs":             {"istiod"},
	"dashboard":        {"kiali", "envoy pod/a"},
	"address":          {"", "-o json", "-o yaml"},
	"diff":             {"", "-f FILE"},
	"uninstall":        {"--yes --timeout=1s", "--dry-run=client", "--yes --progress=json --timeout=1s"},
	"manifest":         {"-f FILE", "-f FILE -o json", "-f FILE -o report --upgrade-apis=1.37"},
	"images":           {"-f FILE", "-f FILE --archs"},
	"rbac":             {"-f FILE"},
	"sample list":      {"", "-o json", "-o yaml"},
	"sample status":    {"", "bookinfo", "-o json", "-o yaml"},
	"sample install":   {"bookinfo --yes --timeout=1s", "bookinfo --yes -o json --timeout=1s", "bookinfo --dry-run=client"},
	"sample route":     {"bookinfo reviews=v1 --timeout=1s", "bookinfo --timeout=1s"},
	"sample uninstall": {"bookinfo --yes --timeout=1s"},
	"completion":       {"", "bash"},
	"version":          {"", "-o json", "-o yaml"},
	"options":          {""},
}

// hostileManifest is a manifest whose texts are as those of the server.
const hostileManifest = `apiVersion: "apps/v1beta1"
kind: Deployment
metadata:
  name: evil
  labels: {"a": "ESCAPES"}
  annotations: {"ESCAPES": "ESCAPES"}
spec:
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: "ESCAPES", image: "ESCAPES"}]}}
---
apiVersion: evil.example.com/v1
kind: Thing
metadata: {name: a, namespace: istio-system, labels: {"ESCAPES": a}}
spec: "ESCAPES"
`

// leaves returns the commands that do something.
func leaves(command *cobra.Command, path string) []string {
	var all []string
	for _, below := range command.Commands() {
		name := strings.TrimSpace(path + " " + below.Name())
		if below.HasSubCommands() {
			all = append(all, leaves(below, name)...)
		} else if below.Name() != "help" {
			all = append(all, name)
		}
	}
	return all
}

// run runs a command and gives what it prints. Some wait for what a cluster of
// these tests never has.
func run(t *testing.T, arguments ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out, errOut bytes.Buffer
	code = Run(ctx, arguments, genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, "test", func() {})
	return out.String(), errOut.String(), code
}

// TestEveryCommandIsHarmless runs every command against a cluster, and on a
// manifest, that have everything hold what terminals act on.
func TestEveryCommandIsHarmless(t *testing.T) {
	root := newRoot(newConnection(genericiooptions.NewTestIOStreamsDiscard()), genericiooptions.NewTestIOStreamsDiscard(), "test")
	for _, name := range leaves(root, "") {
		if everyCommand[name] == nil {
			t.Errorf("nobody tries %s", name)
		}
	}
	quoted := strings.Trim(fmt.Sprintf("%+q", escapes), `"`)
	path := filepath.Join(t.TempDir(), "evil\x1b[2J\u202e.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(hostileManifest, "ESCAPES", quoted)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, refuses := range []bool{true, false} {
		kubeconfig := hostileCluster(t, refuses)
		for name, variants := range everyCommand {
			for _, variant := range variants {
				t.Run(fmt.Sprintf("refuses %t: %s %s", refuses, name, variant), func(t *testing.T) {
					arguments := append(strings.Fields(name), strings.Fields(variant)...)
					for i := range arguments {
						arguments[i] = strings.ReplaceAll(arguments[i], "FILE", path)
					}
					stdout, stderr, _ := run(t, append(arguments, "--kubeconfig", kubeconfig)...)
					if name != "logs" { // which programs may want to the byte, as with kubectl
						holdsNoEscapes(t, stdout, slices.Contains(arguments, "yaml") || name == "manifest" || name == "rbac")
					}
					holdsNoEscapes(t, stderr, false)
					if forged := strings.Contains(stderr, "\nFORGED"); forged || strings.Contains(stdout, "\nFORGED") && name != "logs" && name != "pods" && name != "services" {
						t.Errorf("a name passes for a line: %q %q", stdout, stderr)
					}
				})
			}
		}
	}
}

// holdsNoEscapes leaves in YAML what turns the direction of writing, as kubectl
// does.
func holdsNoEscapes(t *testing.T, output string, isYAML bool) {
	t.Helper()
	if strings.ContainsFunc(output, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) && !isYAML
	}) {
		t.Errorf("it prints %q", output)
	}
}

// TestHostileClusterIsHeard holds the test above to saying something: what the
// cluster says is in the output.
func TestHostileClusterIsHeard(t *testing.T) {
	kubeconfig := hostileCluster(t, false)
	for arguments, want := range map[string]string{
		"version":      "Server Version: v1.37.2evil [2J ]0;x  31m",
		"sample list":  "evil [2J",
		"status":       "evil [2J",
		"pods":         "evil",
		"pods -o json": `"name": "evil\u001b[2J\u001b]0;x\u0007\u009b31m\u202e\r\nFORGED: yes"`,
		"address":      `is invalid: "evil\x1b[2J`,
		"logs istiod":  "evil\x1b[2J",
	} {
		stdout, stderr, _ := run(t, append(strings.Fields(arguments), "--kubeconfig", kubeconfig)...)
		if !strings.Contains(stdout+stderr, want) {
			t.Errorf("%s does not print %q, but %q %q", arguments, want, stdout, stderr)
		}
	}
}
