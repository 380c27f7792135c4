package e2e

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// logged has one of each of what has logs. The log of all containers is the
// same file, so that what tells them apart is what is said around it.
const logged = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: first, image: registry.example.com/a:1}]
      containers: [{name: main, image: registry.example.com/a:1}, {name: side, image: registry.example.com/a:1}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: main, image: registry.example.com/a:1}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: main, image: registry.example.com/a:1}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    metadata: {labels: {app: once}}
    spec: {restartPolicy: Never, containers: [{name: main, image: registry.example.com/a:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

// writeLog writes lines as kubelets keep them, which are gone with the test.
func writeLog(t *testing.T, path string, lines ...string) {
	t.Helper()
	log, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	t.Cleanup(func() {
		if err := os.Truncate(path, 0); err != nil {
			t.Error(err)
		}
	})
	for _, line := range lines {
		if _, err := fmt.Fprintf(log, "%s stdout F %s\n", time.Now().UTC().Format(time.RFC3339Nano), line); err != nil {
			t.Fatal(err)
		}
	}
}

// deployLogged has something that has logs in the namespace logged.
func deployLogged(t *testing.T) (*user.User, *cluster.Cluster) {
	t.Helper()
	u, control := controlplane.SharedDemo(t), controlplane.Shared(t)
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "logged", "-f", user.File(t, "logged.yaml", logged))
	return u, control
}

// TestLogsParity compares logs with kubectl's, to the byte. Of several containers
// kubectl itself says sometimes the one first and sometimes the other.
func TestLogsParity(t *testing.T) {
	u, control := deployLogged(t)
	var lines []string
	for n := range 30 {
		lines = append(lines, fmt.Sprintf("line %d \x1b[31m größer\t日本", n))
	}
	writeLog(t, control.PodLog, lines...)
	writeLog(t, control.PreviousPodLog, "before the crash")
	pod := strings.Fields(u.Must(t, "kubectl", "get", "pods", "-n", "logged", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}"))[0]
	set := names(t, u, "replicasets", "logged")[0]
	for _, test := range []struct{ ours, theirs string }{
		{"istiod", "deployment/istiod -n istio-system"},
		{"istio-ingressgateway", "deployment/istio-ingressgateway -n istio-system"},
		{"web -n logged", "deployment/web -n logged"},
		{"web side -n logged", "deployment/web side -n logged"},
		{pod + " -n logged", pod + " -n logged"},
		{"pod/" + pod + " -n logged", "pod/" + pod + " -n logged"},
	} {
		compareLogs(t, u, test.ours, test.theirs)
	}
	for _, flags := range []string{
		"web --tail=3", "web --tail=0", "web --tail=-1 --timestamps", "web --limit-bytes=100", "web --since=1h", "web --since-time=2030-01-01T00:00:00Z",
		"web -c side", "web -c first", "web -c nope", "web --all-containers", "web --all-containers --prefix", "web -p", "web --previous --timestamps",
		"web --all-pods", "web --all-pods --all-containers --tail=1", "-l app=web", "-l app=web --tail=12 --prefix", "-l app=web -c side", "-l app=nothing",
		"deploy/web", "deployments.apps/web", "svc/web", "rs/" + set, "sts/store", "statefulset/store", "store-0", "ds/agent", "job/once", "po/" + pod,
		"deploy/nope", "foo/nope", "web --pod-running-timeout=5s", "web --insecure-skip-tls-verify-backend",
	} {
		theirs := flags
		if strings.HasPrefix(flags, "web") {
			theirs = "deployment/" + flags
		}
		compareLogs(t, u, flags+" -n logged", theirs+" -n logged")
	}
}

func compareLogs(t *testing.T, u *user.User, ours, theirs string) {
	t.Helper()
	t.Run(ours, func(t *testing.T) {
		got := u.Run(t, append([]string{"kubectl", "istio-demo", "logs"}, strings.Fields(ours)...)...)
		want := u.Run(t, append([]string{"kubectl", "logs"}, strings.Fields(theirs)...)...)
		if regexp.MustCompile(`--all-|-l `).MatchString(ours) {
			got.Stdout, want.Stdout = sortedLines(got.Stdout), sortedLines(want.Stdout)
		}
		if got != want {
			t.Errorf("ours (%d)\n%s%s\nkubectl's (%d)\n%s%s", got.Code, got.Stdout, got.Stderr, want.Code, want.Stdout, want.Stderr)
		}
		if got.Code == 0 && got.Stdout == "" && !regexp.MustCompile(`--tail=0|nothing|2030`).MatchString(ours) {
			t.Error("both are empty, which proves nothing")
		}
	})
}

func sortedLines(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

// TestLogsErrors are one line each.
func TestLogsErrors(t *testing.T) {
	u := controlplane.SharedDemo(t)
	for _, test := range []struct {
		arguments string
		code      int
		want      string
	}{
		{"", 2, `error: component or pod required, for example istiod; 'kubectl istio-demo pods' lists the pods`},
		{"nope", 1, `error: component or pod nope not found in namespace istio-system; 'kubectl istio-demo pods' lists the pods, and -n selects another namespace`},
		{"istiod -n nowhere", 1, `error: component or pod istiod not found in namespace nowhere; .*`},
		{"istiod a b", 2, `error: unexpected argument "b": logs takes one component and one container`},
		{"istiod -l app=istiod", 2, `error: unexpected argument "istiod": -l selects the pods`},
		{"istiod discovery -c discovery", 2, `error: only one of -c or an inline \[CONTAINER\] arg is allowed`},
		{"istiod --since-time=x", 2, `error: --since-time: parsing time "x" .*`},
		{"istiod --tail=-2", 2, `error: --tail must be greater than or equal to -1`},
		{"istiod --follows", 2, `error: unknown flag: --follows; did you mean "--follow"\?`},
		{"istiod -n a/b", 2, `error: invalid namespace "a/b": .*`},
		{"istiod --as nobody", 1, `[Ee]rror.*: pods "istiod" is forbidden: User "nobody" cannot get resource "pods" .*`},
		{"istiod --context nope", 1, `error: cannot use the kubeconfig: context "nope" does not exist; .*`},
	} {
		t.Run(test.arguments, func(t *testing.T) {
			got := u.Run(t, append([]string{"kubectl", "istio-demo", "logs"}, strings.Fields(test.arguments)...)...)
			if lines := got.Errors(); got.Code != test.code || len(lines) != 1 || !regexp.MustCompile("^"+test.want+"$").MatchString(lines[0]) || got.Stdout != "" {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
		})
	}
}

// TestLogsFollow sees lines that come after the first, of one pod and of
// several, and ends with Ctrl-C as kubectl does.
func TestLogsFollow(t *testing.T) {
	u, control := deployLogged(t)
	for _, test := range []struct {
		flags string
		pods  int
	}{{"istiod", 1}, {"web -n logged --all-pods", 2}, {"store-0 -n logged --tail=1", 1}} {
		t.Run(test.flags, func(t *testing.T) {
			writeLog(t, control.PodLog, "old", "last")
			shown := u.Start(t, append([]string{"kubectl-istio_demo", "logs", "-f"}, strings.Fields(test.flags)...)...)
			waitFor := func(line string) {
				t.Helper()
				for n := 0; n < test.pods; {
					if !shown.Stdout.Scan() {
						t.Fatalf("it ended before %q: %s", line, shown.End(t, syscall.SIGINT).Stderr)
					}
					if strings.HasSuffix(shown.Stdout.Text(), line) {
						n++
					}
				}
			}
			waitFor("last")
			for _, line := range []string{"more", "and more"} {
				writeLog(t, control.PodLog, line)
				waitFor(line)
			}
			if got := shown.End(t, syscall.SIGINT); got.Code != 1 || got.Stdout != "" || strings.Contains(got.Stderr, "rror") {
				t.Errorf("after Ctrl-C: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
		})
	}
	theirs := u.Start(t, "kubectl", "logs", "-f", "deployment/istiod", "-n", "istio-system")
	writeLog(t, control.PodLog, "a line")
	theirs.Stdout.Scan()
	if got := theirs.End(t, syscall.SIGINT); got.Code != 1 {
		t.Errorf("kubectl ends with %d", got.Code)
	}
}
