package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// tooBig asks for more than the nodes have.
const tooBig = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: big
spec:
  selector:
    matchLabels: {app: big}
  template:
    metadata:
      labels: {app: big}
    spec:
      containers:
      - name: big
        image: registry.example.com/big:1
        resources:
          requests: {cpu: "1000"}
`

// TestInstallTimeout says what is not ready, and why.
func TestInstallTimeout(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "big.yaml", tooBig)
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "late", "--timeout", "5s")
	want := `^error: timed out after 5s: deployment late/big is not ready: Available: 0/1; pod big-\S+: Unschedulable: 0/3 nodes are available: .*Insufficient cpu.*$`
	if lines := got.Errors(); got.Code != 3 || len(lines) != 1 || !regexp.MustCompile(want).MatchString(lines[0]) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if !strings.Contains(got.Stdout, "Pending") {
		t.Errorf("the pods are not shown:\n%s", got.Stdout)
	}
	if nowait := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "late", "--wait=false"); nowait.Code != 0 {
		t.Errorf("--wait=false: exit code %d\n%s", nowait.Code, nowait.Stderr)
	}
}

// TestInstallFailedJob ends the wait at once: a Job that failed stays so.
func TestInstallFailedJob(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "job.yaml", `apiVersion: batch/v1
kind: Job
metadata:
  name: hopeless
spec:
  activeDeadlineSeconds: 1
  template:
    spec:
      restartPolicy: Never
      nodeSelector: {no: where}
      containers: [{name: c, image: registry.example.com/c}]
`)
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "failing", "--timeout", "1m")
	lines := got.Errors()
	if got.Code != 3 || len(lines) != 1 || !strings.HasPrefix(lines[0], "error: failed: job failing/hopeless is not ready: Job Failed.") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
}

// TestInstallInterrupted presses Ctrl-C while the wait lasts and goes on afterwards.
func TestInstallInterrupted(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "big.yaml", tooBig)
	for _, test := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}} {
		t.Run(test.signal.String(), func(t *testing.T) {
			namespace := fmt.Sprintf("interrupted-%d", test.signal)
			// The binary itself, because kubectl would take the signal.
			command := u.Command(t, "kubectl-istio_demo", "install", "-f", path, "-n", namespace)
			stderr, err := command.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			var stdout bytes.Buffer
			command.Stdout = &stdout
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			var said []string
			for lines := bufio.NewScanner(stderr); lines.Scan(); {
				said = append(said, lines.Text())
				if strings.Contains(lines.Text(), "waiting for") {
					if err := command.Process.Signal(test.signal); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := command.Wait(); err == nil || command.ProcessState.ExitCode() != test.code {
				t.Errorf("%v, exit code %d", err, command.ProcessState.ExitCode())
			}
			want := "error: interrupted: 3 of 3 objects applied, deployment " + namespace + "/big is not ready: "
			if last := said[len(said)-1]; !strings.HasPrefix(last, want) || !strings.HasSuffix(last, "; rerun the same command to continue") {
				t.Errorf("the last line is %q", last)
			}
			if stdout.Len() > 0 {
				t.Errorf("standard output has %s", &stdout)
			}
			again := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", namespace, "--wait=false")
			if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 3 unchanged") {
				t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
			}
		})
	}
}

// TestInstallInterruptedApply presses Ctrl-C in the middle of an apply: what is said to
// be applied is what was, and the same command does the rest.
func TestInstallInterruptedApply(t *testing.T) {
	t.Parallel()
	control := controlplane.Start(t, "interrupted")
	recorder := apiproxy.New(t, control.Kubeconfig)
	const through = 20
	stuck := recorder.HoldPatches(through + 1) // and that of the inventory
	command := user.New(t, recorder.Kubeconfig).Command(t, "kubectl-istio_demo", "install", "--addons=none")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	<-stuck
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err == nil || command.ProcessState.ExitCode() != 130 {
		t.Errorf("%v, exit code %d", err, command.ProcessState.ExitCode())
	}
	want := fmt.Sprintf("error: interrupted: %d of 46 objects applied; rerun the same command to continue", through)
	if lines := (user.Result{Stderr: stderr.String()}).Errors(); len(lines) != 1 || lines[0] != want {
		t.Errorf("it says\n%s", &stderr)
	}
	again := user.New(t, control.Kubeconfig).Run(t, "kubectl", "istio-demo", "install", "--addons=none")
	rest := fmt.Sprintf("%d created, 0 configured, %d unchanged in ", 46-through, through)
	if again.Code != 0 || !strings.HasPrefix(again.Summary(), rest) {
		t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
	}
}

// TestInstallRefusedObject stops at the first object that the server refuses, and
// says what was applied before it.
func TestInstallRefusedObject(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "typo.yaml", strings.Replace(tooBig, "  selector:", "  replica: 1\n  selector:", 1))
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "typo")
	lines := got.Errors()
	if got.Code != 1 || len(lines) != 1 || !regexp.MustCompile(`^error: \S+typo\.yaml, document 2 \(line 6\): deployment typo/big: .*\.spec\.replica: field not declared in schema; fix it, or drop unknown fields with --validate=warn$`).MatchString(lines[0]) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if !strings.Contains(got.Stderr, "  stopped: 2 of 3 objects applied\n") {
		t.Errorf("it does not say what was applied:\n%s", got.Stderr)
	}
}

// TestInstallForcesConflict names the manager and the field, and takes over when told.
func TestInstallForcesConflict(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  mode: demo\n")
	u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "force-taken")
	u.Must(t, "kubectl", "patch", "configmap", "settings", "-n", "force-taken", "--field-manager=somebody", "-p", `{"data":{"mode":"mine"}}`)
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "force-taken")
	lines := got.Errors()
	want := `configmap force-taken/settings: "somebody" owns .data.mode; remove these fields, or take them over with --force-conflicts`
	if got.Code != 1 || len(lines) != 1 || !strings.HasSuffix(lines[0], want) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "force-taken", "--force-conflicts")
	if mode := u.Must(t, "kubectl", "get", "configmap", "settings", "-n", "force-taken", "-o", "jsonpath={.data.mode}"); mode != "demo" {
		t.Errorf("the mode is %q", mode)
	}
}
