// Package architecture keeps the walls of docs/architecture.md standing.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/kubectl-istio-demo/kubectl-istio-demo"
)

// room is what a package may import: of the project only what is listed, of
// the rest everything that is not forbidden. Paths are prefixes.
type room struct {
	own       []string
	forbidden []string
}

var (
	terminal   = []string{"os", "github.com/spf13", "k8s.io/cli-runtime", "k8s.io/kubectl"}
	kubernetes = []string{"k8s.io"}
	client     = []string{"k8s.io/client-go"}
	helm       = []string{"helm.sh", "istio.io"}
)

var rooms = map[string]room{
	"cmd/kubectl-istio_demo": {own: []string{"pkg/cmd"}, forbidden: []string{"github.com/spf13", "k8s.io/client-go", "helm.sh", "istio.io"}},
	"pkg/cmd": {
		own: []string{
			"pkg/access", "pkg/apiupgrade", "pkg/builtin", "pkg/cluster", "pkg/event", "pkg/install", "pkg/manifest", "pkg/manifest/addon", "pkg/manifest/chart", "pkg/manifest/file",
			"pkg/manifest/sample", "pkg/preflight", "pkg/progress", "pkg/rbac", "pkg/redact", "pkg/samples", "pkg/shell", "pkg/status", "pkg/suggest", "pkg/translation", "pkg/uninstall",
		},
		forbidden: slices.Concat(helm, []string{"k8s.io/client-go/dynamic", "k8s.io/client-go/metadata", "github.com/spf13/cobra/doc"}),
	},
	"pkg/install": {
		own: []string{
			"pkg/apiupgrade", "pkg/apply", "pkg/applyset", "pkg/cluster", "pkg/diagnose", "pkg/discover", "pkg/event", "pkg/foreign", "pkg/hold", "pkg/managedfields", "pkg/manifest",
			"pkg/preflight", "pkg/ready", "pkg/redact", "pkg/remove", "pkg/schedule", "pkg/shell", "pkg/uninstall", "pkg/untyped",
		},
		forbidden: slices.Concat(terminal, helm),
	},
	"pkg/uninstall": {
		own:       []string{"pkg/applyset", "pkg/cluster", "pkg/discover", "pkg/event", "pkg/preflight", "pkg/redact", "pkg/remove", "pkg/schedule", "pkg/untyped"},
		forbidden: slices.Concat(terminal, helm),
	},
	"pkg/samples": {
		own:       []string{"pkg/access", "pkg/apply", "pkg/applyset", "pkg/cluster", "pkg/event", "pkg/install", "pkg/managedfields", "pkg/manifest", "pkg/preflight", "pkg/redact", "pkg/shell", "pkg/status", "pkg/uninstall", "pkg/untyped"},
		forbidden: slices.Concat(terminal, helm),
	},
	"pkg/status": {
		own:       []string{"pkg/applyset", "pkg/cluster", "pkg/diagnose", "pkg/discover", "pkg/follow", "pkg/event", "pkg/managedfields", "pkg/manifest", "pkg/preflight", "pkg/ready", "pkg/redact", "pkg/shell", "pkg/untyped"},
		forbidden: slices.Concat(terminal, helm),
	},
	"pkg/access": {
		own:       []string{"pkg/cluster", "pkg/event", "pkg/follow", "pkg/forward", "pkg/manifest", "pkg/redact", "pkg/shell"},
		forbidden: slices.Concat(terminal, helm),
	},
	"pkg/foreign":         {own: []string{"pkg/apply", "pkg/applyset", "pkg/event", "pkg/manifest", "pkg/preflight", "pkg/shell"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/rbac":            {own: []string{"pkg/managedfields", "pkg/applyset", "pkg/manifest", "pkg/untyped"}, forbidden: slices.Concat(terminal, client, helm)},
	"pkg/cluster":         {own: []string{"pkg/answer", "pkg/apply", "pkg/crd", "pkg/discover", "pkg/event", "pkg/redact", "pkg/retry"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/applyset":        {own: []string{"pkg/discover", "pkg/event", "pkg/managedfields"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/managedfields":   {forbidden: slices.Concat(terminal, client, helm)},
	"pkg/schedule":        {own: []string{"pkg/event", "pkg/manifest", "pkg/untyped"}, forbidden: slices.Concat(terminal, client, helm)},
	"pkg/builtin":         {own: []string{"pkg/manifest", "pkg/manifest/addon", "pkg/manifest/chart", "pkg/manifest/sample"}, forbidden: slices.Concat(terminal, kubernetes, helm)},
	"pkg/manifest":        {own: []string{"pkg/event", "pkg/untyped"}, forbidden: slices.Concat(terminal, client, helm)},
	"pkg/manifest/decode": {own: []string{"pkg/event", "pkg/manifest"}, forbidden: slices.Concat(terminal, client, helm)},
	"pkg/manifest/addon":  {own: []string{"pkg/managedfields", "pkg/manifest", "pkg/manifest/decode"}, forbidden: slices.Concat(terminal, client, helm)},
	"pkg/manifest/chart":  {own: []string{"pkg/managedfields", "pkg/event", "pkg/manifest", "pkg/manifest/decode", "pkg/manifest/values"}, forbidden: slices.Concat(terminal, client)},
	"pkg/manifest/values": {own: []string{"pkg/suggest"}, forbidden: slices.Concat(terminal, kubernetes, helm)},
	"pkg/manifest/file":   {own: []string{"pkg/manifest", "pkg/manifest/decode", "pkg/redact"}, forbidden: slices.Concat(client, helm, []string{"github.com/spf13", "k8s.io/cli-runtime", "k8s.io/kubectl"})},
	"pkg/manifest/sample": {own: []string{"pkg/manifest", "pkg/manifest/decode"}, forbidden: slices.Concat(terminal, client, helm)},
	"pkg/apiupgrade":      {own: []string{"pkg/event", "pkg/manifest"}, forbidden: slices.Concat(terminal, client, helm)},
	"pkg/apply":           {own: []string{"pkg/event", "pkg/grace", "pkg/managedfields", "pkg/shell", "pkg/untyped"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/crd":             {forbidden: slices.Concat(terminal, helm)},
	"pkg/grace":           {forbidden: slices.Concat(terminal, kubernetes, helm)},
	"pkg/remove":          {own: []string{"pkg/managedfields", "pkg/event", "pkg/follow", "pkg/grace", "pkg/shell"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/ready":           {own: []string{"pkg/event", "pkg/follow", "pkg/untyped"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/answer":          {forbidden: slices.Concat(terminal, helm)},
	"pkg/follow":          {own: []string{"pkg/answer", "pkg/event"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/hold":            {own: []string{"pkg/event", "pkg/follow"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/forward":         {forbidden: slices.Concat(terminal, helm)},
	"pkg/discover":        {own: []string{"pkg/untyped"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/preflight":       {own: []string{"pkg/shell", "pkg/untyped"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/diagnose":        {own: []string{"pkg/event", "pkg/follow", "pkg/shell", "pkg/untyped"}, forbidden: slices.Concat(terminal, helm)},
	"pkg/progress":        {own: []string{"pkg/event"}, forbidden: slices.Concat(kubernetes, helm, []string{"github.com/spf13"})},
	"pkg/translation":     {forbidden: slices.Concat(client, helm, []string{"github.com/spf13", "k8s.io/cli-runtime"})},
	"pkg/redact":          {own: []string{"pkg/event"}, forbidden: slices.Concat(terminal, kubernetes, helm)},
	"pkg/retry":           {forbidden: slices.Concat(terminal, kubernetes, helm)},
	"pkg/untyped":         {forbidden: slices.Concat(terminal, client, helm)},
	"pkg/suggest":         {forbidden: slices.Concat(terminal, kubernetes, helm)},
	"pkg/shell":           {forbidden: slices.Concat(terminal, kubernetes, helm)},
	"pkg/event":           {forbidden: slices.Concat(terminal, kubernetes, helm)},
}

func TestWalls(t *testing.T) {
	for folder, imports := range packages(t) {
		room, known := rooms[folder]
		if !known {
			t.Errorf("%s has no place in the picture of the house: add it to docs/architecture.md and here", folder)
		}
		for _, imported := range imports {
			own, ours := strings.CutPrefix(imported, module+"/")
			switch {
			case ours && !slices.Contains(room.own, own):
				t.Errorf("%s must not know %s", folder, own)
			case !ours && slices.ContainsFunc(room.forbidden, func(prefix string) bool { return within(imported, prefix) }):
				t.Errorf("%s must not import %s", folder, imported)
			}
		}
	}
}

// TestWallsStand proves that the test above can fail.
func TestWallsStand(t *testing.T) {
	if !within("k8s.io/client-go/rest", "k8s.io/client-go") || within("k8s.io/client-gone", "k8s.io/client-go") {
		t.Error("prefixes are not compared by path elements")
	}
	found := packages(t)
	for folder := range rooms {
		if len(found[folder]) == 0 {
			t.Errorf("no imports were found in %s", folder)
		}
	}
}

// packages gives what the files of each package import, tests left out.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	read := func(file string) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		folder := path.Dir(file)
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[folder] = append(found[folder], imported)
		}
	}
	walk(t, "cmd", read)
	walk(t, "pkg", read)
	return found
}

// walk visits the Go files below a folder of the project.
func walk(t *testing.T, folder string, visit func(file string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), folder, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && file != ".":
			return fs.SkipDir
		case strings.HasSuffix(file, ".go"):
			visit(file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// within tells whether a path is a prefix's or below it.
func within(imported, prefix string) bool {
	return imported == prefix || strings.HasPrefix(imported, prefix+"/")
}
