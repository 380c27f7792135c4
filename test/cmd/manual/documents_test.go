package main

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cmd"
)

// TestDocumentsListCommands expects each README to link to each command's page.
func TestDocumentsListCommands(t *testing.T) {
	wanted, err := pages(cmd.Tree("dev"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		text := content(t, repository, name)
		for page := range wanted {
			if page != index && !strings.Contains(text, "(docs/commands/"+page+")") {
				t.Errorf("%s does not link to docs/commands/%s", name, page)
			}
		}
	}
}

// TestChineseCommands expects the Chinese page, which is written by hand, to
// name each command and flag.
func TestChineseCommands(t *testing.T) {
	const page = "docs/commands.zh-CN.md"
	text := content(t, repository, page)
	visit(cmd.Tree("dev"), func(command *cobra.Command) {
		if !strings.Contains(text, "`"+command.CommandPath()) {
			t.Errorf("%s does not name %s", page, command.CommandPath())
		}
		for _, flag := range flags(command) {
			if flag != "help" && !strings.Contains(text, "`--"+flag+"`") {
				t.Errorf("%s does not name --%s", page, flag)
			}
		}
	})
}

// commandLine finds the plugin's command lines in a document, in code blocks
// and between backticks.
var commandLine = regexp.MustCompile("(?:^|[^\\w./-])kubectl istio-demo((?: +[^\\s`|>&;)]+)*)")

// TestDocumentsRun expects each command line in the documents to name a
// command and flags that exist.
func TestDocumentsRun(t *testing.T) {
	lines := 0
	for _, path := range documents(t) {
		for number, line := range strings.Split(content(t, repository, path), "\n") {
			for _, match := range commandLine.FindAllStringSubmatch(line, -1) {
				if !strings.Contains(line, "`") && !strings.HasPrefix(strings.TrimSpace(line), "kubectl") && !strings.Contains(line, "$(kubectl") {
					continue // prose
				}
				lines++
				if err := parse(strings.Fields(match[1])); err != nil {
					t.Errorf("%s:%d: kubectl istio-demo%s: %v", path, number+1, match[1], err)
				}
			}
		}
	}
	if lines < 100 {
		t.Errorf("only %d command lines were found", lines)
	}
}

// flagNames are flags between backticks.
var flagNames = regexp.MustCompile("`--([a-z][a-z-]*)[`= ]")

// TestDocumentsNameFlags expects each flag between backticks to exist.
func TestDocumentsNameFlags(t *testing.T) {
	known := map[string]bool{"help": true}
	visit(cmd.Tree("dev"), func(command *cobra.Command) {
		for _, flag := range flags(command) {
			known[flag] = true
		}
	})
	others := []string{"server-side", "wait", "skip", "purge"} // kubectl's, goreleaser's, istioctl's
	for _, path := range documents(t) {
		for _, match := range flagNames.FindAllStringSubmatch(content(t, repository, path), -1) {
			if !known[match[1]] && !slices.Contains(others, match[1]) && !strings.HasPrefix(path, "CHANGELOG") {
				t.Errorf("%s names --%s, which is no flag", path, match[1])
			}
		}
	}
}

// parse reports a command or a flag that does not exist.
func parse(arguments []string) error {
	command := cmd.Tree("dev")
	for len(arguments) > 0 && !strings.HasPrefix(arguments[0], "-") {
		next, _, err := command.Find(arguments[:1])
		if err != nil || next == command {
			break
		}
		command, arguments = next, arguments[1:]
	}
	if len(arguments) > 0 && command.HasSubCommands() && regexp.MustCompile("^[a-z]+$").MatchString(arguments[0]) {
		return fmt.Errorf("no command %s", arguments[0])
	}
	for _, argument := range arguments {
		if argument == "--" {
			break
		}
		name, _, _ := strings.Cut(argument, "=")
		known := []string{"--help", "-h", "-"}
		for _, flag := range flags(command) {
			known = append(known, "--"+flag)
		}
		if strings.HasPrefix(name, "--") && !slices.Contains(known, strings.TrimRight(name, ".,:'\"")) {
			return fmt.Errorf("no flag %s", name)
		}
		if short := strings.TrimPrefix(name, "-"); len(short) == 1 && short != name && command.Flags().ShorthandLookup(short) == nil &&
			command.InheritedFlags().ShorthandLookup(short) == nil && short != "h" {
			return fmt.Errorf("no flag %s", name)
		}
	}
	return nil
}

// flags names the flags that a command takes.
func flags(command *cobra.Command) []string {
	var names []string
	add := func(flag *pflag.Flag) { names = append(names, flag.Name) }
	command.LocalFlags().VisitAll(add)
	command.InheritedFlags().VisitAll(add)
	return names
}

func visit(command *cobra.Command, each func(*cobra.Command)) {
	each(command)
	for _, sub := range below(command) {
		visit(sub, each)
	}
}

// documents lists the Markdown files that users and contributors read, without
// the records of decisions, which keep what was true on their day.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	files := os.DirFS(repository)
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/commands/*.md"} {
		paths, err := fs.Glob(files, pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		found = append(found, paths...)
	}
	return found
}
