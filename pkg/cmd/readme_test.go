package cmd

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestReadmePipe runs what README pipes images into, with names that a shell
// would run.
func TestReadmePipe(t *testing.T) {
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
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

// TestReadme holds README and its translation against the program: every
// command and flag is in them, with an example, and nothing else is.
func TestReadme(t *testing.T) {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	root := newRoot(newConnection(streams), streams, "test")
	flags := map[string]bool{"--help": true}
	commands := map[string]bool{}
	var visit func(command *cobra.Command, path string)
	visit = func(command *cobra.Command, path string) {
		command.Flags().VisitAll(func(flag *pflag.Flag) { flags["--"+flag.Name] = true })
		command.PersistentFlags().VisitAll(func(flag *pflag.Flag) { flags["--"+flag.Name] = true })
		for _, below := range command.Commands() {
			commands[path+below.Name()] = true
			visit(below, path+below.Name()+" ")
		}
	}
	visit(root, "")
	if len(commands) < 5 || len(flags) < 50 {
		t.Fatalf("only %d commands and %d flags were found", len(commands), len(flags))
	}

	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		data, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		for flag := range flags {
			if !strings.Contains(text, "`"+flag+"`") {
				t.Errorf("%s does not name %s", name, flag)
			}
		}
		for command := range commands {
			if !strings.Contains(text, "`"+displayName+" "+command) {
				t.Errorf("%s has no example of %s", name, command)
			}
		}
		for _, named := range regexp.MustCompile("`(--[a-z-]+)`").FindAllStringSubmatch(text, -1) {
			if !flags[named[1]] {
				t.Errorf("%s names %s, which is no flag", name, named[1])
			}
		}
		for _, example := range regexp.MustCompile("`"+displayName+" ([a-z]+)").FindAllStringSubmatch(text, -1) {
			if !commands[example[1]] {
				t.Errorf("%s names the command %s, which there is not", name, example[1])
			}
		}
	}
}
