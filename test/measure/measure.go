// Package measure counts the lines of Go files, functions and tests.
package measure

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// File is a Go file.
type File struct {
	// Path is relative to the root that was read, with slashes.
	Path string
	// Lines counts all lines, and Code those that are not blank.
	Lines, Code int
	// Tested is how much of Code lies in functions that go test runs, and Steps
	// how much in those that they are made of.
	Tested, Steps int
	Functions     []Function
}

// Function is a function or a method, from its signature to its end.
type Function struct {
	Name  string
	Lines int
	// Tested is whether go test runs it: a test, an example, a fuzz test or a
	// benchmark.
	Tested bool
}

// Package is the folder of the file.
func (f *File) Package() string { return path.Dir(f.Path) }

// IsTest reports whether the file is part of the tests and not of the program.
func (f *File) IsTest() bool {
	return strings.HasSuffix(f.Path, "_test.go") || strings.HasPrefix(f.Path, "test/")
}

// Read reads the Go files of a tree, except for those in hidden folders.
func Read(root fs.FS) ([]File, error) {
	var files []File
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := measure(name, data)
		files = append(files, file)
		return err
	})
	return files, err
}

func measure(name string, data []byte) (File, error) {
	positions := token.NewFileSet()
	parsed, err := parser.ParseFile(positions, name, data, parser.SkipObjectResolution)
	if err != nil {
		return File{}, err
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	file := File{Path: name, Lines: len(lines), Code: code(lines)}
	for _, declaration := range parsed.Decls {
		declared, is := declaration.(*ast.FuncDecl)
		if !is {
			continue
		}
		first, last := positions.Position(declared.Pos()).Line, positions.Position(declared.End()).Line
		function := Function{Name: declared.Name.Name, Lines: last - first + 1, Tested: strings.HasSuffix(name, "_test.go") && tested(declared)}
		switch {
		case function.Tested:
			file.Tested += code(lines[first-1 : last])
		case isStep(declared):
			file.Steps += code(lines[first-1 : last])
		}
		file.Functions = append(file.Functions, function)
	}
	return file, nil
}

// code counts the lines that are not blank.
func code(lines [][]byte) (count int) {
	for _, line := range lines {
		if len(bytes.TrimSpace(line)) > 0 {
			count++
		}
	}
	return count
}

// tested reports whether go test runs a function.
func tested(function *ast.FuncDecl) bool {
	name := function.Name.Name
	return function.Recv == nil && name != "TestMain" &&
		slices.ContainsFunc([]string{"Test", "Example", "Fuzz", "Benchmark"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// isStep reports whether a function is a part of a test that has a name: it has
// a *testing.T and fails by itself, where a helper fails for its caller and
// calls Helper.
func isStep(function *ast.FuncDecl) bool {
	if function.Recv != nil || function.Body == nil {
		return false
	}
	takesT, helps := false, false
	for _, parameter := range function.Type.Params.List {
		if pointer, is := parameter.Type.(*ast.StarExpr); is {
			selector, is := pointer.X.(*ast.SelectorExpr)
			takesT = takesT || is && selector.Sel.Name == "T"
		}
	}
	for _, statement := range function.Body.List {
		if expression, is := statement.(*ast.ExprStmt); is {
			call, is := expression.X.(*ast.CallExpr)
			if !is {
				continue
			}
			selector, is := call.Fun.(*ast.SelectorExpr)
			helps = helps || is && selector.Sel.Name == "Helper"
		}
	}
	return takesT && !helps
}
