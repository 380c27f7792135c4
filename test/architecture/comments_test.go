package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExportedIsDocumented looks at what another program can use: each of it
// has a comment that begins with its name, as go.dev/doc/comment asks. Fields
// may be covered by the comment of their struct, and the constants of a group
// by that of the group.
func TestExportedIsDocumented(t *testing.T) {
	described := map[string]bool{}
	walk(t, "pkg", func(file string) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range undocumented(parsed) {
			t.Errorf("%s: %s", file, wrong)
		}
		described[path.Dir(file)] = described[path.Dir(file)] || strings.HasPrefix(parsed.Doc.Text(), "Package "+parsed.Name.Name+" ")
	})
	for folder, is := range described {
		if !is {
			t.Errorf("%s has no comment that begins with Package", folder)
		}
	}
	if len(described) < 10 {
		t.Errorf("only %d packages were found", len(described))
	}
}

// TestUndocumentedIsSeen proves that the test above can fail.
func TestUndocumentedIsSeen(t *testing.T) {
	const source = `package p

func Bare() {}

// Gives something.
func Misnamed() {}

// Named gives something.
func Named() {}

type Type struct{}

func (t *Type) Method() {}

// Error is an error.
type Error struct{}

func (e *Error) Error() string { return "" }

type hidden struct{}

func (h hidden) Exported() {}

type generic[A, B any] struct{}

func (g generic[A, B]) Exported() {}

// Generic is one.
type Generic[A, B any] struct{}

func (g Generic[A, B]) Method() {}

const Alone = 1

// The group.
const (
	InGroup = 1
)

var (
	// Told is.
	Told = 1
	Untold = 1
)

// Alias stands for another one.
type Alias = hidden
`
	parsed, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, wrong := range undocumented(parsed) {
		names = append(names, strings.Fields(wrong)[0])
	}
	if want := []string{"Bare", "Misnamed", "Type", "Type.Method", "Generic.Method", "Alone", "Untold"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// undocumented gives, for each exported thing of a file whose comment is
// missing or begins with something else, its name and what is wrong.
func undocumented(file *ast.File) []string {
	var wrong []string
	check := func(shown, name string, doc *ast.CommentGroup) {
		switch text := doc.Text(); {
		case !ast.IsExported(name):
		case text == "":
			wrong = append(wrong, shown+" has no comment")
		case strings.TrimRight(strings.Fields(text)[0], ",.:;") != name:
			wrong = append(wrong, fmt.Sprintf("%s has a comment that begins with %q", shown, strings.Fields(text)[0]))
		}
	}
	for _, declaration := range file.Decls {
		switch declaration := declaration.(type) {
		case *ast.FuncDecl:
			name := declaration.Name.Name
			of := receiver(declaration)
			switch {
			case of == "":
				check(name, name, declaration.Doc)
			case ast.IsExported(of) && !ofError(name):
				check(of+"."+name, name, declaration.Doc)
			}
		case *ast.GenDecl:
			checkGroup(declaration, check)
		}
	}
	return wrong
}

// checkGroup checks what one declaration declares. A group with a comment
// needs none for each of its constants and variables.
func checkGroup(group *ast.GenDecl, check func(shown, name string, doc *ast.CommentGroup)) {
	grouped := group.Lparen.IsValid()
	comment := func(own *ast.CommentGroup) *ast.CommentGroup {
		if own == nil && !grouped {
			return group.Doc
		}
		return own
	}
	for _, spec := range group.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			check(spec.Name.Name, spec.Name.Name, comment(spec.Doc))
		case *ast.ValueSpec:
			if grouped && group.Doc != nil && spec.Doc == nil {
				continue
			}
			// Several names of one line share a comment, which begins with the
			// first.
			check(spec.Names[0].Name, spec.Names[0].Name, comment(spec.Doc))
		}
	}
}

// ofError tells methods that say nothing that the type does not: those of
// errors.
func ofError(name string) bool { return name == "Error" || name == "Unwrap" }

// receiver gives the type of a method, empty for a function.
func receiver(function *ast.FuncDecl) string {
	if function.Recv == nil {
		return ""
	}
	of := function.Recv.List[0].Type
	if pointer, is := of.(*ast.StarExpr); is {
		of = pointer.X
	}
	switch generic := of.(type) {
	case *ast.IndexExpr:
		of = generic.X
	case *ast.IndexListExpr: // of several types
		of = generic.X
	}
	name, _ := of.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}
