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
)

// held is a workload that runs once a node has a label, beside one that runs
// at once.
func held(namespace string) string {
	return workload("Deployment", namespace, "first", "") + workload("Deployment", namespace, "held", ", nodeSelector: {progress: "+namespace+"}")
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

// TestProgressLive installs in windows of two widths and takes it away again.
// What is left on the screens is all that there should be.
func TestProgressLive(t *testing.T) {
	control := sharedCluster(t)
	for _, test := range []struct {
		columns     int
		environment []string
	}{
		{80, nil},
		{40, []string{"NO_COLOR=1"}},
	} {
		namespace := fmt.Sprintf("live-%d", test.columns)
		t.Run(namespace, func(t *testing.T) {
			u := newUser(t, control.Kubeconfig)
			u.dir = filepath.Dir(write(t, "held.yaml", held(namespace)))
			w := u.open(t, test.columns, 24, test.environment,
				"kubectl", "istio-demo", "install", "-n", namespace, "-f", "held.yaml", "--skip-checks=capacity,loadbalancer")
			w.until("deployment/held")
			w.until("ready")
			w.resize(120, 24)
			w.until("Available: 0/1")
			w.resize(test.columns, 24)
			u.must(t, "kubectl", "label", "node", "--all", "progress="+namespace, "--overwrite")
			if code := w.wait(); code != 0 {
				t.Fatalf("exit code %d\n%s", code, w.text())
			}
			// What is only printed may wrap.
			head, after, _ := strings.Cut(strings.ReplaceAll(timeless(w.text()), "unchanged in\nT", "unchanged in T"), "(3 objects)\n")
			if after != installedScreen || strings.Count(head, "installing") != 1 {
				t.Errorf("the screen shows\n%s\nand not\n%s", w.text(), installedScreen)
			}
			if want := u.must(t, "kubectl", "get", "pods", "-n", namespace); timeless(w.stdout.String()) != timeless(want) {
				t.Errorf("standard output is\n%s\nand not\n%s", w.stdout.String(), want)
			}
			if coloured := strings.Contains(w.written(), "\x1b[32mready"); coloured != (test.environment == nil) {
				t.Errorf("with %q, coloured is %t", test.environment, coloured)
			}
			takenAway(t, u, namespace, test.columns)
		})
	}
}

// takenAway has an uninstall wait for a finalizer, and shows that.
func takenAway(t *testing.T, u *user, namespace string, columns int) {
	t.Helper()
	u.must(t, "kubectl", "patch", "deployment", "held", "-n", namespace, "-p", finalizer)
	w := u.open(t, columns, 24, nil, "kubectl", "istio-demo", "uninstall", "-n", namespace)
	w.until("[y/N]")
	w.press("y\n")
	w.until("going")
	u.must(t, "kubectl", "patch", "deployment", "held", "-n", namespace, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	if code := w.wait(); code != 0 {
		t.Errorf("exit code %d\n%s", code, w.text())
	}
	_, after, _ := strings.Cut(timeless(w.text()), "[y/N] y\n")
	if want := " removed T workloads 2 objects\n removed T namespaces 1 object\n3 removed, 0 kept in T\n"; after != want {
		t.Errorf("the screen shows\n%s\nand not\n%s", after, want)
	}
	if columns >= 80 && !strings.Contains(w.written(), "for its finalizer example.com/hold") {
		t.Errorf("the finalizer is not named:\n%s", w.written())
	}
}

// TestProgressInterrupted leaves a tidy screen, with the error below.
func TestProgressInterrupted(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.dir = filepath.Dir(write(t, "held.yaml", held("live-interrupted")))
	w := u.open(t, 80, 24, nil, "kubectl", "istio-demo", "install", "-n", "live-interrupted", "-f", "held.yaml", "--skip-checks=capacity,loadbalancer")
	w.until("ready")
	w.until("deployment/held  Available: 0/1")
	w.press("\x03")
	if code := w.wait(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	_, after, _ := strings.Cut(timeless(w.text()), " ready T deployment/first\n")
	if !strings.HasPrefix(after, " waiting T deployment/held Available: 0/1\nerror: interrupted: 3 of 3 objects are applied") {
		t.Errorf("the screen shows\n%s", w.text())
	}
	if w.shown.CursorHidden() || w.shown.CursorPosition().X != 0 {
		t.Error("the cursor is not where the shell can go on")
	}
	u.must(t, "kubectl", "istio-demo", "uninstall", "-n", "live-interrupted", "--yes")
}

// TestProgressNotLive has windows in which nothing is to be redrawn: the lines
// are those of a pipe, and one that is asked for is refused.
func TestProgressNotLive(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	u.dir = filepath.Dir(write(t, "first.yaml", workload("Deployment", "not-live", "first", "")))
	install := []string{"kubectl", "istio-demo", "install", "-n", "not-live", "-f", "first.yaml"}
	u.must(t, install...)
	piped := timeless(u.run(t, install...).stderr)
	for _, test := range []struct{ environment, arguments []string }{
		{[]string{"TERM=dumb"}, nil}, {[]string{"TERM="}, nil}, {[]string{"CI=true"}, nil}, {nil, []string{"-v=0"}}, {nil, []string{"--progress=plain"}},
	} {
		w := u.open(t, 120, 24, test.environment, append(slices.Clone(install), test.arguments...)...)
		if code := w.wait(); code != 0 {
			t.Errorf("%v: exit code %d", test, code)
		}
		if got := timeless(strings.ReplaceAll(w.written(), "\r\n", "\n")); got != piped {
			t.Errorf("%v: the screen shows\n%q\nand not\n%q", test, got, piped)
		}
	}
	got := u.run(t, append(slices.Clone(install), "--progress=live")...)
	if got.code != 2 || !strings.HasPrefix(got.stderr, "error: --progress=live cannot be: standard error is no terminal; use --progress=plain\n") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if got = u.run(t, append(slices.Clone(install), "--progress=none")...); got.code != 0 || got.stderr != "" || !strings.HasPrefix(got.stdout, "NAME") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// TestProgressJSON reads standard error as a program would, when all is well
// and when it is not. Standard output is as ever.
func TestProgressJSON(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	path := write(t, "first.yaml", workload("Deployment", "told", "first", ""))
	run := func(code int, arguments ...string) (names []string, last map[string]any) {
		t.Helper()
		got := u.run(t, append([]string{"kubectl", "istio-demo"}, append(arguments, "-n", "told")...)...)
		if got.code != code {
			t.Errorf("%v: exit code %d\n%s", arguments, got.code, got.stderr)
		}
		if pods := u.run(t, "kubectl", "get", "pods", "-n", "told").stdout; code == 0 && arguments[0] == "install" && timeless(got.stdout) != timeless(pods) {
			t.Errorf("standard output is\n%s\nand not\n%s", got.stdout, pods)
		}
		lines := bufio.NewScanner(strings.NewReader(got.stderr))
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
	failing := write(t, "failing.yaml", workload("Deployment", "told", "first", ", nodeSelector: {no: where}"))
	if _, last = run(3, "install", "--progress=json", "-f", failing, "--timeout=3s", "--skip-checks=capacity"); last["event"] != "error" || last["exitCode"] != 3.0 ||
		!strings.HasPrefix(fmt.Sprint(last["message"]), "timed out after 3s: deployment told/first is not ready") {
		t.Errorf("the last event is %v", last)
	}
	if names, last = run(2, "install", "--progress=json", "--nonsense"); len(names) != 1 || !strings.HasPrefix(fmt.Sprint(last["message"]), "unknown flag: --nonsense") {
		t.Errorf("the last event is %v", last)
	}
	if _, last = run(2, "uninstall", "--progress=json"); !strings.Contains(fmt.Sprint(last["message"]), "confirm with --yes") {
		t.Errorf("the last event is %v", last)
	}
	if _, last = run(0, "uninstall", "--progress=json", "--yes"); last["event"] != "uninstalled" || last["removed"] != 2.0 {
		t.Errorf("the last event is %v", last)
	}
}
