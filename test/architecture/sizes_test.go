package architecture

import (
	"os"
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/measure"
)

// What is longer is two things.
const (
	// maxFile and maxFunction are how many lines a file and a function have at
	// most. Tests may have longer tables.
	maxFile     = 300
	maxFunction = 60
	// maxTestFile and maxSupport are the same for tests and their support.
	maxTestFile = 350
	maxSupport  = 80
	// maxPackageLines and maxPackageFiles are how much a package has at most,
	// blank lines and tests not counted.
	maxPackageLines = 2500
	maxPackageFiles = 20
)

// tooLarge are the packages that are still to be split.
var tooLarge = []string{"pkg/cmd"}

// TestSizes keeps files, functions and packages so small that they are one
// thing each.
func TestSizes(t *testing.T) {
	all, err := measure.Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	lines, files := map[string]int{}, map[string]int{}
	for _, file := range all {
		longFile, longFunction := maxFile, maxFunction
		if file.IsTest() {
			longFile, longFunction = maxTestFile, maxSupport
		}
		if file.Lines > longFile {
			t.Errorf("%s has %d lines, more than %d", file.Path, file.Lines, longFile)
		}
		for _, function := range file.Functions {
			if function.Lines > longFunction && !function.Tested {
				t.Errorf("%s: %s has %d lines, more than %d", file.Path, function.Name, function.Lines, longFunction)
			}
		}
		if !file.IsTest() {
			lines[file.Package()] += file.Code
			files[file.Package()]++
		}
	}
	for name, count := range lines {
		large := count > maxPackageLines || files[name] > maxPackageFiles
		switch known := slices.Contains(tooLarge, name); {
		case large && !known:
			t.Errorf("%s has %d lines in %d files, more than %d in %d", name, count, files[name], maxPackageLines, maxPackageFiles)
		case known && !large:
			t.Errorf("%s is small enough by now: take it off the list", name)
		}
	}
	for _, name := range tooLarge {
		if files[name] == 0 {
			t.Errorf("there is no %s any more: take it off the list", name)
		}
	}
	if len(lines) < 10 {
		t.Errorf("only %d packages were found", len(lines))
	}
}
