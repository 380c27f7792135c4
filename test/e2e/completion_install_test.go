package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

const completer = "kubectl_complete-istio_demo"

// krewUser has the plugin as krew installs it: a link in a folder of PATH,
// which leads to the folder of one version.
func krewUser(t *testing.T) (u *user.User, folder string) {
	t.Helper()
	u = user.New(t, "/nowhere")
	store := filepath.Join(u.Dir, ".krew", "store", "v1")
	folder = filepath.Join(u.Dir, ".krew", "bin")
	for _, path := range []string{store, folder} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Base(user.Plugin)
	for from, to := range map[string]string{user.Plugin: filepath.Join(store, name), filepath.Join(store, name): filepath.Join(folder, name)} {
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for i, variable := range u.Environment {
		if strings.HasPrefix(variable, "PATH=") {
			u.Environment[i] = "PATH=" + strings.Join([]string{folder, user.Tools, "/usr/bin", "/bin"}, ":")
		}
	}
	return u, folder
}

// TestCompletionInstall writes the script beside the link that krew has made.
func TestCompletionInstall(t *testing.T) {
	u, folder := krewUser(t)
	script := filepath.Join(folder, completer)
	if values, directive := completions(t, u, "ins"); len(values) > 0 || directive != shellFiles {
		t.Errorf("before there is a script: %q, %s", values, directive)
	}
	if said := u.Must(t, "kubectl", "istio-demo", "completion"); !strings.Contains(said, "\n  kubectl istio-demo completion --install\n") {
		t.Errorf("it does not say what to do:\n%s", said)
	}
	for _, action := range []string{"created", "unchanged"} {
		got := u.Run(t, "kubectl", "istio-demo", "completion", "--install")
		if got.Code != 0 || got.Stdout != script+" "+action+"\n" || got.Stderr != "" {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
	}
	if text, err := os.ReadFile(script); err != nil || !strings.Contains(string(text), "'"+filepath.Join(folder, filepath.Base(user.Plugin))+"'") {
		t.Errorf("the script does not call krew's link: %s, %v", text, err)
	}
	if values, directive := completions(t, u, "ins"); !slices.Equal(values, []string{"install"}) || directive != noFiles {
		t.Errorf("through the script: %q, %s", values, directive)
	}
	said := u.Must(t, "kubectl", "istio-demo", "completion")
	if !strings.HasPrefix(said, "Completion is set up: kubectl calls "+script+".\n") || !strings.Contains(said, "\n  bash        source <(kubectl completion bash)\n") {
		t.Errorf("it does not see the script:\n%s", said)
	}
	if plugins := u.Must(t, "kubectl", "plugin", "list"); strings.Contains(plugins, "complete") {
		t.Errorf("kubectl takes it for a plugin:\n%s", plugins)
	}
}

// TestCompletionInstallRefused leaves alone what is not its own, and says what
// kubectl will not find.
func TestCompletionInstallRefused(t *testing.T) {
	u, folder := krewUser(t)
	link := filepath.Join(folder, completer)
	if err := os.WriteFile(link, []byte("#!/bin/sh\necho mine\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(u.Dir, "elsewhere")
	if err := os.Mkdir(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arguments      string
		code           int
		stdout, stderr string
	}{
		{"--install", 1, ``, `error: ` + link + ` already exists and was not written by this program; remove it, or choose another directory with --dir`},
		{"--install --dir nope", 1, ``, `error: cannot write ` + u.Dir + `/nope/` + completer + `: no such file or directory; choose a writable directory on PATH with --dir`},
		{"--install --dir /proc", 1, ``, `error: cannot write /proc/` + completer + `: .*; choose a writable directory on PATH .*`},
		{"--install --dir elsewhere", 0, elsewhere + "/" + completer + " created\n", `warning: kubectl will ask ` + link + ` instead, which comes earlier on PATH; remove it if you do not need it`},
		{"--dir elsewhere", 2, ``, `error: --dir requires --install`},
		{"bash --install", 2, ``, `error: --install and --dir cannot be used with the name of a shell`},
		{"tcsh", 2, ``, `error: unknown shell "tcsh"; use one of bash, zsh, fish, powershell`},
		{"bash zsh", 2, ``, `error: unexpected argument "zsh": kubectl istio-demo completion takes one shell`},
	} {
		t.Run(test.arguments, func(t *testing.T) {
			got := u.Run(t, append([]string{"kubectl", "istio-demo", "completion"}, strings.Fields(test.arguments)...)...)
			first, _, _ := strings.Cut(got.Stderr, "\n")
			if got.Code != test.code || got.Stdout != test.stdout || !regexp.MustCompile("^"+test.stderr+"$").MatchString(first) {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
		})
	}
	if data, err := os.ReadFile(link); err != nil || !strings.Contains(string(data), "mine") {
		t.Errorf("it was written over: %s, %v", data, err)
	}
	if said := u.Must(t, "kubectl", "istio-demo", "completion"); !strings.Contains(said, "is not on PATH or belongs to another program") {
		t.Errorf("what is not ours is taken for ours:\n%s", said)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	got := u.Run(t, "kubectl", "istio-demo", "completion", "--install", "--dir", "elsewhere")
	if got.Code != 0 || got.Stdout != elsewhere+"/"+completer+" unchanged\n" || got.Stderr != "warning: "+elsewhere+" is not on PATH, so kubectl will not find the script; add it to PATH, or choose another directory with --dir\n" {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}

// TestCompletionScripts are read by the shells that are there.
func TestCompletionScripts(t *testing.T) {
	u := user.New(t, "/nowhere")
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		script := u.Must(t, "kubectl", "istio-demo", "completion", shell)
		if !strings.Contains(script, filepath.Base(user.Plugin)) || !strings.Contains(script, "__complete") {
			t.Errorf("%s: the script does not call the plugin:\n%s", shell, script)
		}
		if found := user.LookPath("/usr/bin:/bin", shell); found != "" {
			if got := u.Pipe(t, script, found, "-n", "/dev/stdin"); got.Code != 0 || got.Stderr != "" {
				t.Errorf("%s does not read its script: %s", shell, got.Stderr)
			}
		}
	}
}
