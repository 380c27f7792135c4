// figures prints how much code there is, and how long files and functions are.
// Blank lines count for how long something is, and not for how much there is.
package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/measure"
)

// What is called long.
const (
	longFile     = 300
	longFunction = 60
)

func main() {
	files, err := measure.Read(os.DirFS("."))
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	write(os.Stdout, files)
}

// tally counts the files of a package.
type tally struct{ lines, files, testLines, testFiles int }

func write(out io.Writer, files []measure.File) {
	var lengths, functions []int
	var code, tested, steps, support int
	packages := map[string]*tally{}
	for _, file := range files {
		if packages[file.Package()] == nil {
			packages[file.Package()] = &tally{}
		}
		counted := packages[file.Package()]
		if strings.HasSuffix(file.Path, "_test.go") {
			counted.testFiles++
			counted.testLines += file.Code
		} else {
			counted.files++
			counted.lines += file.Code
		}
		if file.IsTest() {
			tested += file.Tested
			steps += file.Steps
			support += file.Code - file.Tested - file.Steps
			continue
		}
		code += file.Code
		lengths = append(lengths, file.Lines)
		for _, function := range file.Functions {
			functions = append(functions, function.Lines)
		}
	}
	fmt.Fprintf(out, "pkg and cmd: %d lines\n", code)
	fmt.Fprintf(out, "  %s\n", describe("files", lengths, longFile))
	fmt.Fprintf(out, "  %s\n", describe("functions", functions, longFunction))
	fmt.Fprintf(out, "tests: %d lines in tests, examples, fuzz tests and benchmarks, %d in their steps, %d of support\n\n", tested, steps, support)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PACKAGE\tLINES\tFILES\tTEST LINES\tTEST FILES")
	names := make([]string, 0, len(packages))
	for name := range packages {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(packages[b].lines, packages[a].lines), cmp.Compare(packages[b].testLines, packages[a].testLines), cmp.Compare(a, b))
	})
	for _, name := range names {
		of := packages[name]
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", name, of.lines, of.files, of.testLines, of.testFiles)
	}
	_ = table.Flush()
}

// describe summarizes lengths and counts those above a limit.
func describe(what string, lengths []int, limit int) string {
	if len(lengths) == 0 {
		return "no " + what
	}
	sorted := slices.Sorted(slices.Values(lengths))
	over := 0
	for _, length := range sorted {
		if length > limit {
			over++
		}
	}
	return fmt.Sprintf("%d %s: median %d lines, longest %d, %d above %d", len(sorted), what, sorted[len(sorted)/2], sorted[len(sorted)-1], over, limit)
}
