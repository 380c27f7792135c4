package cmd

import (
	"errors"
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

// noLinks is a system without symbolic links.
func noLinks(string, string) error { return errors.New("not supported") }

// TestMakeCompleter makes links and scripts that call the plugin, again and in
// place of those that lead elsewhere.
func TestMakeCompleter(t *testing.T) {
	echo := "#!/bin/sh\nprintf '[%s]' \"$@\"\n"
	for _, test := range []struct {
		name    string
		symlink func(string, string) error
		want    string
	}{
		{"link", os.Symlink, "[pods][][a b]"},
		{"script", noLinks, "[__complete][pods][][a b]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			home, elsewhere := filepath.Join(t.TempDir(), "it's 100% mine"), t.TempDir()
			if err := os.Mkdir(home, 0o755); err != nil {
				t.Fatal(err)
			}
			plugin := put(t, home, binaryName, echo)
			for _, folder := range []string{home, elsewhere} {
				for _, action := range []string{"created", "unchanged"} {
					made, err := makeCompleter(plugin, folder, test.symlink)
					if err != nil || made.action != action || filepath.Dir(made.path) != folder {
						t.Fatalf("%v, %v", made, err)
					}
					if got, err := exec.Command(made.path, "pods", "", "a b").Output(); err != nil || string(got) != test.want {
						t.Errorf("it is called with %s, %v", got, err)
					}
				}
			}
			moved := put(t, t.TempDir(), binaryName, echo)
			if made, err := makeCompleter(moved, elsewhere, test.symlink); err != nil || made.action != "configured" {
				t.Errorf("%v, %v", made, err)
			}
		})
	}
}

// TestMakeCompleterBeside makes a link that leads to its neighbour, as a plugin
// manager replaces what that leads to.
func TestMakeCompleterBeside(t *testing.T) {
	folder := t.TempDir()
	made, err := makeCompleter(put(t, folder, binaryName, ""), folder, os.Symlink)
	if err != nil {
		t.Fatal(err)
	}
	if leads, err := os.Readlink(made.path); err != nil || leads != binaryName {
		t.Errorf("it leads to %q, %v", leads, err)
	}
}

// TestMakeCompleterRefuses leaves alone what is not ours.
func TestMakeCompleterRefuses(t *testing.T) {
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
			if made, err := makeCompleter(plugin, folder, os.Symlink); err == nil || !strings.Contains(err.Error(), "is not of this program") {
				t.Errorf("%v, %v", made, err)
			}
			if after, err := os.Lstat(path); err != nil || after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) {
				t.Error("it was written over")
			}
		})
	}
	if made, err := makeCompleter("/bin/"+binaryName, filepath.Join(t.TempDir(), "nope"), os.Symlink); err == nil || !strings.Contains(err.Error(), "no such file or directory; choose a folder") {
		t.Errorf("%v, %v", made, err)
	}
}
