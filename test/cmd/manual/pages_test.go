package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cmd"
)

// repository is the root of the repository.
const repository = "../../.."

// TestPagesAreCurrent compares docs/commands with the commands.
func TestPagesAreCurrent(t *testing.T) {
	wanted, err := pages(cmd.Tree("dev"))
	if err != nil {
		t.Fatal(err)
	}
	if names := stale(filepath.Join(repository, "docs/commands"), wanted); len(names) > 0 {
		t.Errorf("docs/commands is stale: run make docs (%s)", strings.Join(names, ", "))
	}
}

// TestWritePages writes what is missing or differs and deletes the rest.
func TestWritePages(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"gone.md": "gone", "install.md": "old", "picture.svg": "kept"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := writePages(cmd.Tree("dev"), folder); err != nil {
		t.Fatal(err)
	}
	wanted, err := pages(cmd.Tree("dev"))
	if err != nil {
		t.Fatal(err)
	}
	if names := stale(folder, wanted); len(names) > 0 {
		t.Errorf("still stale: %v", names)
	}
	for name, kept := range map[string]bool{"gone.md": false, "picture.svg": true} {
		if _, err := os.Stat(filepath.Join(folder, name)); (err == nil) != kept {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(wanted["sample_install.md"], "# kubectl istio-demo sample install\n") {
		t.Errorf("sample_install.md begins with\n%.200s", wanted["sample_install.md"])
	}
}
