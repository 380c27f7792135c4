package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// held is a workload that runs once a node has a label, beside one that runs
// at once.
func held(namespace string) string {
	return fixture.Join(fixture.Workload("Deployment", namespace, "first"), fixture.Workload("Deployment", namespace, "held", "nodeSelector: {progress: "+namespace+"}"))
}

var (
	duration = regexp.MustCompile(`\d+(\.\d+)?m?s`)
	spaces   = regexp.MustCompile(` +`)
)

// timeless gives a text in which times are T, with single spaces.
func timeless(text string) string {
	return spaces.ReplaceAllString(duration.ReplaceAllString(text, "T"), " ")
}

// installedScreen is what is left below the head.
const installedScreen = ` passed T checks
 applied T 3 objects in 2 waves
 ready T deployment/first
 ready T deployment/held
3 created, 0 configured, 0 unchanged in T
`

// TestInstallLiveProgress installs in windows of two widths and takes it away again.
// What is left on the screens is all that there should be.
func TestInstallLiveProgress(t *testing.T) {
	control := controlplane.Shared(t)
	for _, test := range []struct {
		columns     int
		environment []string
	}{
		{80, nil},
		{40, []string{"NO_COLOR=1"}},
	} {
		namespace := fmt.Sprintf("live-%d", test.columns)
		t.Run(namespace, func(t *testing.T) {
			u := user.New(t, control.Kubeconfig)
			u.Dir = filepath.Dir(user.File(t, "held.yaml", held(namespace)))
			w := u.OpenScreen(t, test.columns, 24, test.environment,
				"kubectl", "istio-demo", "install", "-n", namespace, "-f", "held.yaml", "--skip-checks=capacity,loadbalancer")
			w.WaitFor("deployment/held")
			w.WaitFor("ready")
			w.Resize(120, 24)
			w.WaitFor("Unschedulable: 0/3")
			w.Resize(test.columns, 24)
			u.Must(t, "kubectl", "label", "node", "--all", "progress="+namespace, "--overwrite")
			if code := w.Wait(); code != 0 {
				t.Fatalf("exit code %d\n%s", code, w.Text())
			}
			// What is only printed may wrap.
			text := strings.NewReplacer("(3\n objects)", "(3 objects)", "unchanged in\n T", "unchanged in T").Replace(timeless(w.Text()))
			head, after, _ := strings.Cut(text, "(3 objects)\n")
			if after != installedScreen || strings.Count(head, "installing") != 1 {
				t.Errorf("the screen shows\n%s\nand not\n%s", w.Text(), installedScreen)
			}
			if want := u.Must(t, "kubectl", "get", "pods", "-n", namespace); timeless(w.Stdout.String()) != timeless(want) {
				t.Errorf("standard output is\n%s\nand not\n%s", w.Stdout.String(), want)
			}
			if coloured := strings.Contains(w.Output(), "\x1b[32mready"); coloured != (test.environment == nil) {
				t.Errorf("with %q, coloured is %t", test.environment, coloured)
			}
			uninstallLive(t, u, namespace, test.columns)
		})
	}
}

// uninstallLive has an uninstall wait for a finalizer, and shows that.
func uninstallLive(t *testing.T, u *user.User, namespace string, columns int) {
	t.Helper()
	u.Must(t, "kubectl", "patch", "deployment", "held", "-n", namespace, "-p", finalizer)
	w := u.OpenScreen(t, columns, 24, nil, "kubectl", "istio-demo", "uninstall", "-n", namespace)
	w.WaitFor("[y/N]")
	w.Press("y\n")
	w.WaitFor("going")
	u.Must(t, "kubectl", "patch", "deployment", "held", "-n", namespace, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	if code := w.Wait(); code != 0 {
		t.Errorf("exit code %d\n%s", code, w.Text())
	}
	_, after, _ := strings.Cut(timeless(w.Text()), "[y/N] y\n")
	if want := " removed T workloads 2 objects\n removed T namespaces 1 object\n3 removed, 0 kept in T\n"; after != want {
		t.Errorf("the screen shows\n%s\nand not\n%s", after, want)
	}
	if columns >= 80 && !strings.Contains(w.Output(), "held by finalizer example.com/hold") {
		t.Errorf("the finalizer is not named:\n%s", w.Output())
	}
}

// TestInstallLiveProgressInterrupted leaves a tidy screen, with the error below.
func TestInstallLiveProgressInterrupted(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Dir = filepath.Dir(user.File(t, "held.yaml", held("live-interrupted")))
	w := u.OpenScreen(t, 80, 24, nil, "kubectl", "istio-demo", "install", "-n", "live-interrupted", "-f", "held.yaml", "--skip-checks=capacity,loadbalancer")
	w.WaitFor("ready")
	w.WaitFor("deployment/held  Unschedulable: 0/3")
	w.Press("\x03")
	if code := w.Wait(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	_, after, _ := strings.Cut(timeless(w.Text()), " ready T deployment/first\n")
	if !strings.HasPrefix(after, " waiting T deployment/held Unschedulable: 0/3 nodes are available: 3 no…\nerror: interrupted: 3 of 3 objects applied") {
		t.Errorf("the screen shows\n%s", w.Text())
	}
	if !w.CursorAtStart() {
		t.Error("the cursor is not where the shell can go on")
	}
	u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "live-interrupted", "--yes")
}

// TestInstallPlainProgress has windows in which nothing is to be redrawn: the lines
// are those of a pipe, and one that is asked for is refused.
func TestInstallPlainProgress(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Dir = filepath.Dir(user.File(t, "first.yaml", fixture.Workload("Deployment", "not-live", "first")))
	install := []string{"kubectl", "istio-demo", "install", "-n", "not-live", "-f", "first.yaml"}
	u.Must(t, install...)
	piped := timeless(u.Run(t, install...).Stderr)
	for _, test := range []struct{ environment, arguments []string }{
		{[]string{"TERM=dumb"}, nil}, {[]string{"TERM="}, nil}, {[]string{"CI=true"}, nil}, {nil, []string{"-v=0"}}, {nil, []string{"--progress=plain"}},
	} {
		w := u.OpenScreen(t, 250, 24, test.environment, append(slices.Clone(install), test.arguments...)...)
		if code := w.Wait(); code != 0 {
			t.Errorf("%v: exit code %d", test, code)
		}
		if got := timeless(strings.ReplaceAll(w.Output(), "\r\n", "\n")); got != piped {
			t.Errorf("%v: the screen shows\n%q\nand not\n%q", test, got, piped)
		}
	}
	got := u.Run(t, append(slices.Clone(install), "--progress=live")...)
	if got.Code != 2 || !strings.HasPrefix(got.Stderr, "error: cannot use --progress=live: stderr is not a terminal; use --progress=plain\n") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if got = u.Run(t, append(slices.Clone(install), "--progress=none")...); got.Code != 0 || got.Stderr != "" || !strings.HasPrefix(got.Stdout, "NAME") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}

// TestInstallWrapsOnTerminal has messages that are wider than the terminal: they
// wrap at words, and a command stays whole.
func TestInstallWrapsOnTerminal(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Dir = filepath.Dir(user.File(t, "first.yaml", fixture.Workload("Deployment", "wrapped", "first")))
	install := []string{"kubectl", "istio-demo", "install", "-n", "wrapped", "-f", "first.yaml"}
	for _, mode := range []string{"live", "plain"} {
		w := u.OpenScreen(t, 40, 24, nil, append(slices.Clone(install), "--progress="+mode)...)
		if code := w.Wait(); code != 0 || !strings.HasPrefix(w.Text(), "installing first.yaml in namespace\n  wrapped on https://") {
			t.Errorf("%s: exit code %d\n%s", mode, code, w.Text())
		}
	}
	w := u.OpenScreen(t, 40, 24, nil, "kubectl", "istio-demo", "uninstall", "--nonsense")
	if code := w.Wait(); code != 2 || w.Text() != "error: unknown flag: --nonsense\nSee\n  'kubectl istio-demo uninstall --help'\n  for usage.\n" {
		t.Errorf("exit code %d\n%s", code, w.Text())
	}
	u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "wrapped", "--yes")
}

// TestInstallNextSteps shows them to a person only.
func TestInstallNextSteps(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Dir = filepath.Dir(user.File(t, "first.yaml", fixture.Workload("Deployment", "next", "first")))
	install := []string{"kubectl", "istio-demo", "install", "-n", "next", "-f", "first.yaml"}
	output, code := u.RunOnTerminal(t, "", install...)
	if want := "\r\nnext steps:\r\n  show the status:   kubectl istio-demo status -n next\r\n  uninstall:         kubectl istio-demo uninstall -n next\r\n"; code != 0 || !strings.HasSuffix(output, want) {
		t.Errorf("exit code %d\n%s", code, output)
	}
	for _, flag := range []string{"-o=name", "--dry-run=server", "--progress=json", "--progress=none"} {
		if output, code = u.RunOnTerminal(t, "", append(slices.Clone(install), flag)...); code != 0 || strings.Contains(output, "next steps") {
			t.Errorf("%s: exit code %d\n%s", flag, code, output)
		}
	}
	w := u.OpenScreen(t, 80, 24, nil, install...) // standard output is no terminal
	if code := w.Wait(); code != 0 || strings.Contains(w.Text(), "next steps") {
		t.Errorf("exit code %d\n%s", code, w.Text())
	}
	u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "next", "--yes")
}

// TestInstallJSONProgress reads standard error as a program would, when all is well
// and when it is not. Standard output is as ever.
func TestInstallJSONProgress(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "first.yaml", fixture.Workload("Deployment", "told", "first"))
	run := func(code int, arguments ...string) (names []string, last map[string]any) {
		t.Helper()
		got := u.Run(t, append([]string{"kubectl", "istio-demo"}, append(arguments, "-n", "told")...)...)
		if got.Code != code {
			t.Errorf("%v: exit code %d\n%s", arguments, got.Code, got.Stderr)
		}
		if pods := u.Run(t, "kubectl", "get", "pods", "-n", "told").Stdout; code == 0 && arguments[0] == "install" && timeless(got.Stdout) != timeless(pods) {
			t.Errorf("standard output is\n%s\nand not\n%s", got.Stdout, pods)
		}
		lines := bufio.NewScanner(strings.NewReader(got.Stderr))
		for lines.Scan() {
			last = nil
			if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
				t.Fatalf("%q: %v", lines.Text(), err)
			}
			if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(last["time"])); err != nil {
				t.Error(err)
			}
			names = append(names, fmt.Sprint(last["event"]))
		}
		return names, last
	}
	names, last := run(0, "install", "--progress=json", "-f", path)
	for _, want := range []string{"started", "checked", "waveStarted", "applied", "waveFinished", "awaitingReadiness", "waiting", "ready", "finished"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %q", want, names)
		}
	}
	if counts := fmt.Sprint(last["counts"]); last["event"] != "finished" || counts != "map[created:2]" {
		t.Errorf("the last event is %v", last)
	}
	failing := user.File(t, "failing.yaml", fixture.Workload("Deployment", "told", "first", "nodeSelector: {no: where}"))
	if _, last = run(3, "install", "--progress=json", "-f", failing, "--timeout=3s", "--skip-checks=capacity"); last["event"] != "error" || last["exitCode"] != 3.0 ||
		!strings.HasPrefix(fmt.Sprint(last["message"]), "timed out after 3s: deployment told/first is not ready") {
		t.Errorf("the last event is %v", last)
	}
	if names, last = run(2, "install", "--progress=json", "--nonsense"); len(names) != 1 || !strings.HasPrefix(fmt.Sprint(last["message"]), "unknown flag: --nonsense") {
		t.Errorf("the last event is %v", last)
	}
	if _, last = run(2, "uninstall", "--progress=json"); !strings.Contains(fmt.Sprint(last["message"]), "use --yes") {
		t.Errorf("the last event is %v", last)
	}
	if _, last = run(0, "uninstall", "--progress=json", "--yes"); last["event"] != "uninstalled" || last["removed"] != 2.0 {
		t.Errorf("the last event is %v", last)
	}
}
