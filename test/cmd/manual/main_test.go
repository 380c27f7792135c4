package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cmd"
)

// TestManual has a page for every command, the same wherever it is written,
// and nothing of an earlier version.
func TestManual(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "manual")
	old := filepath.Join(folder, "man", "kubectl-istio-demo-gone.1")
	if err := os.MkdirAll(filepath.Dir(old), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", "/home/writer")
	if err := write(folder, "v1.2.3", "2026-11-23"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("the page of a command that is no more is still there")
	}
	pages := 0
	var check func(command *cobra.Command)
	check = func(command *cobra.Command) {
		pages++
		name := strings.ReplaceAll(command.CommandPath(), " ", "-") + ".1"
		page := content(t, folder, "man", name)
		if !strings.Contains(page, `"Nov 2026" "kubectl istio-demo v1.2.3"`) || !strings.Contains(page, command.Short) {
			t.Errorf("%s is\n%.300s", name, page)
		}
		if strings.Contains(page, "/home/writer") || strings.Contains(page, "Auto generated") {
			t.Errorf("%s says who wrote it", name)
		}
		for _, below := range command.Commands() {
			check(below)
		}
	}
	check(cmd.Tree("v1.2.3"))
	if pages < 15 {
		t.Errorf("there are only %d commands", pages)
	}
	for _, name := range []string{"kubectl-istio_demo.bash", "_kubectl-istio_demo", "kubectl-istio_demo.fish", "kubectl-istio_demo.ps1"} {
		if script := content(t, folder, "completions", name); !strings.Contains(script, "__complete") {
			t.Errorf("%s asks nobody", name)
		}
	}
	if err := write(folder, "v1.2.3", "November"); err == nil {
		t.Error("a day that is none is accepted")
	}
}

func content(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
