// manual writes the man pages and the shells' completions that the archives of
// a release carry, and the pages of docs/commands. It is a program of its own
// so that the plugin does not have to carry what writes them.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cmd"
)

func main() {
	version := flag.String("version", "dev", "the version that the pages name")
	date := flag.String("date", "", "the day that the pages name, such as 2026-11-23")
	markdown := flag.Bool("markdown", false, "write the pages of docs/commands instead, which name no version")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: manual -version VERSION -date DATE FOLDER, or manual -markdown FOLDER")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *markdown, *version, *date); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(folder string, markdown bool, version, date string) error {
	if markdown {
		return writePages(cmd.Tree(version), folder)
	}
	return write(folder, version, date)
}

// write writes both into a folder, which has nothing else afterwards: a
// command that is no more must not leave its page.
func write(folder, version, date string) error {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return err
	}
	pages, scripts := filepath.Join(folder, "man"), filepath.Join(folder, "completions")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	for _, below := range []string{pages, scripts} {
		if err := os.MkdirAll(below, 0o755); err != nil {
			return err
		}
	}
	root := cmd.Tree(version)
	unsigned(root)
	header := &doc.GenManHeader{
		Section: "1",
		Date:    &day,
		Source:  root.DisplayName() + " " + version,
		Manual:  "kubectl plugins",
	}
	if err := doc.GenManTree(root, header, pages); err != nil {
		return err
	}
	return complete(root, scripts)
}

// unsigned leaves out the line in which the generator names itself.
func unsigned(command *cobra.Command) {
	command.DisableAutoGenTag = true
	for _, below := range command.Commands() {
		unsigned(below)
	}
}

// complete writes the completions, under the names by which shells load them.
func complete(root *cobra.Command, folder string) error {
	name := root.Name()
	for file, generate := range map[string]func(out *bytes.Buffer) error{
		name + ".bash": func(out *bytes.Buffer) error { return root.GenBashCompletionV2(out, true) },
		"_" + name:     func(out *bytes.Buffer) error { return root.GenZshCompletion(out) },
		name + ".fish": func(out *bytes.Buffer) error { return root.GenFishCompletion(out, true) },
		name + ".ps1":  func(out *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(out) },
	} {
		var script bytes.Buffer
		if err := generate(&script); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, file), script.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
