package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// put writes a file into a folder and gives its path.
func put(t *testing.T, folder, name, content string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWriteCompleter writes scripts that call the plugin, again and in place of
// those that call another one, or of the links that v0.1.0 made.
func TestWriteCompleter(t *testing.T) {
	echo := "#!/bin/sh\nprintf '[%s]' \"$@\"\n"
	home, elsewhere := filepath.Join(t.TempDir(), "it's 100% mine"), t.TempDir()
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(plugin, folder, action string) {
		t.Helper()
		made, err := writeCompleter(plugin, folder)
		if err != nil || made.action != action || filepath.Dir(made.path) != folder {
			t.Fatalf("%v, %v", made, err)
		}
		if got, err := exec.Command(made.path, "pods", "", "a b").Output(); err != nil || string(got) != "[__complete][pods][][a b]" {
			t.Errorf("the plugin is called with %s, %v", got, err)
		}
	}
	plugin := put(t, home, binaryName, echo)
	for _, folder := range []string{home, elsewhere} {
		write(plugin, folder, "created")
		write(plugin, folder, "unchanged")
	}
	write(put(t, t.TempDir(), binaryName, echo), elsewhere, "configured")

	for _, target := range []string{binaryName, filepath.Join(t.TempDir(), binaryName)} {
		linked := t.TempDir()
		plugin := put(t, linked, binaryName, echo)
		if err := os.Symlink(target, filepath.Join(linked, completerName)); err != nil {
			t.Fatal(err)
		}
		write(plugin, linked, "configured")
		if text, err := os.ReadFile(plugin); err != nil || string(text) != echo {
			t.Errorf("the plugin was written over: %s, %v", text, err)
		}
	}
}

// TestWriteCompleterRefuses leaves alone what is not ours.
func TestWriteCompleterRefuses(t *testing.T) {
	for name, occupy := range map[string]func(path string) error{
		"a file":   func(path string) error { return os.WriteFile(path, []byte("#!/bin/sh\necho mine\n"), 0o755) },
		"a link":   func(path string) error { return os.Symlink("/bin/true", path) },
		"a folder": func(path string) error { return os.Mkdir(path, 0o755) },
		"a program with our words in it": func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("\x00", 200)+scriptMark), 0o755)
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			plugin := put(t, folder, binaryName, "")
			path := filepath.Join(folder, completerName)
			if err := occupy(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if made, err := writeCompleter(plugin, folder); err == nil || !strings.Contains(err.Error(), "was not written by this program") {
				t.Errorf("%v, %v", made, err)
			}
			if after, err := os.Lstat(path); err != nil || after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) {
				t.Error("it was written over")
			}
		})
	}
	if made, err := writeCompleter("/bin/"+binaryName, filepath.Join(t.TempDir(), "nope")); err == nil || !strings.Contains(err.Error(), "no such file or directory; choose a writable directory") {
		t.Errorf("%v, %v", made, err)
	}
}
