package cmd

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

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
