package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestCommands has every command that users are told to run get the names in it
// from pkg/shell: no other text is put into one. Help texts, which are between
// backquotes, and what pkg/cmd says of itself have no names of a cluster's.
func TestCommands(t *testing.T) {
	files := map[string]*ast.File{}
	constants := map[string][]string{} // by folder
	walk(t, "pkg", func(file string) {
		folder := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") || folder == "pkg/cmd" || folder == "pkg/shell" {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[file] = parsed
		constants[folder] = append(constants[folder], constantsOf(parsed)...)
	})
	found := 0
	for file, parsed := range files {
		wrong, all := filledIn(parsed, constants[path.Dir(file)])
		found += all
		for _, text := range wrong {
			t.Errorf("%s: something is put into a command, which only shell.Line and shell.In may do: %s", file, text)
		}
	}
	if found < 30 {
		t.Errorf("only %d commands were found", found)
	}
}

// TestFilledInIsSeen proves that the test above can fail.
func TestFilledInIsSeen(t *testing.T) {
	const source = `package p

const url = "x"

func f(name string) []string {
	return []string{
		"run 'kubectl get pods' for " + name,
		"run 'kubectl get pods" + shell.In(name) + "' for " + name,
		shell.Line("kubectl get {} " + url, name),
		"run 'kubectl apply -f " + url + "'",
		fmt.Sprintf("%s: run 'kubectl get pods' for %s", name, name),
		"BAD 'kubectl get " + name + "'",
		"BAD: kubectl get pods" + shell.In(name) + " " + name,
		fmt.Sprintf("BAD 'helm uninstall %[1]s'", name),
		fmt.Sprintf("BAD: kubectl get %s", name),
		"GOOD" + fmt.Sprintf("BAD: kubectl get %s", name),
	}
}
`
	parsed, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	wrong, found := filledIn(parsed, constantsOf(parsed))
	if len(wrong) != 5 || slices.ContainsFunc(wrong, func(text string) bool { return !strings.HasPrefix(text, "BAD") }) || found != 9 {
		t.Errorf("of %d commands these are wrong: %q", found, wrong)
	}
}

var (
	program = regexp.MustCompile(`\b(?:kubectl|helm|istioctl|curl) [a-z]`)
	verb    = regexp.MustCompile(`%[-+#.0-9\[\]]*[a-zA-Z]`)
)

// filledIn gives the texts with commands into which something else is put, and
// how many texts have commands.
func filledIn(file *ast.File, constants []string) (wrong []string, found int) {
	seen := map[ast.Node]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		expression, is := node.(ast.Expr)
		if !is || seen[node] {
			return true
		}
		if ofShell(expression) {
			return false
		}
		parts := summands(expression, seen)
		open, any := false, false
		for _, part := range parts {
			text, is := literal(part)
			name, named := part.(*ast.Ident)
			constant := named && slices.Contains(constants, name.Name)
			switch {
			case is:
				any = any || program.MatchString(text)
				var filled bool
				if open, filled = scan(text, open); filled {
					wrong = append(wrong, first(parts))
				}
			case open && !constant && !ofShell(part):
				wrong = append(wrong, first(parts))
				open = false
			}
		}
		if any {
			found++
		}
		return true
	})
	return wrong, found
}

// scan tells whether a text ends within a command, where one may be open
// already, and whether a verb of a format is in one.
func scan(text string, open bool) (still, filled bool) {
	for {
		if !open {
			at := program.FindStringIndex(text)
			if at == nil {
				return false, filled
			}
			text = text[at[1]:]
		}
		inside, rest, closed := strings.Cut(text, "'")
		filled = filled || verb.MatchString(inside)
		if !closed {
			return true, filled
		}
		text, open = rest, false
	}
}

// summands takes a sum apart.
func summands(expression ast.Expr, seen map[ast.Node]bool) []ast.Expr {
	if sum, is := expression.(*ast.BinaryExpr); is && sum.Op == token.ADD {
		seen[sum.X], seen[sum.Y] = true, true
		return append(summands(sum.X, seen), summands(sum.Y, seen)...)
	}
	return []ast.Expr{expression}
}

func first(parts []ast.Expr) string {
	for _, part := range parts {
		if text, is := literal(part); is {
			return text
		}
	}
	return ""
}

// literal gives a text between quotes.
func literal(expression ast.Expr) (string, bool) {
	text, is := expression.(*ast.BasicLit)
	if !is || text.Kind != token.STRING || text.Value[0] != '"' {
		return "", false
	}
	value, err := strconv.Unquote(text.Value)
	return value, err == nil
}

// ofShell tells a call of pkg/shell.
func ofShell(expression ast.Expr) bool {
	call, is := expression.(*ast.CallExpr)
	if !is {
		return false
	}
	function, is := call.Fun.(*ast.SelectorExpr)
	if !is {
		return false
	}
	name, is := function.X.(*ast.Ident)
	return is && name.Name == "shell"
}

func constantsOf(file *ast.File) []string {
	var names []string
	for _, declaration := range file.Decls {
		group, is := declaration.(*ast.GenDecl)
		if !is || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				names = append(names, name.Name)
			}
		}
	}
	return names
}
