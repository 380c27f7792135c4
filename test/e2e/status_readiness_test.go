package e2e

import (
	"bufio"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// status is what status -o json prints.
type status struct {
	Source, Namespace string
	Ready             bool
	Workloads         []struct {
		Group, Kind, Namespace, Name, Replicas, Message string
		Ready                                           bool
		Images                                          []string
		Findings                                        []struct{ Pod, Reason, Message, Next string }
	}
	Objects                    int
	Missing                    []string
	MissingObjects, Unlabelled []struct{ Kind, Namespace, Name string }
}

func readStatus(t *testing.T, u *user.User, flags ...string) (int, status) {
	t.Helper()
	got := u.Run(t, append([]string{"kubectl", "istio-demo", "status", "-o", "json"}, flags...)...)
	var read status
	if err := json.Unmarshal([]byte(got.Stdout), &read); err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", got.Code, err, got.Stdout, got.Stderr)
	}
	return got.Code, read
}

// wantLines fails unless a text is lines that match, and nothing else.
func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	if !regexp.MustCompile("^" + strings.Join(lines, "\n") + "\n$").MatchString(text) {
		t.Errorf("it is not like\n%s\nbut\n%s", strings.Join(lines, "\n"), text)
	}
}

// TestStatusReady looks at a demo that runs, with a request for the inventory,
// one for each kind of its members, and one for Telemetries.
func TestStatusReady(t *testing.T) {
	controlplane.SharedDemo(t)
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	got := u.Run(t, "kubectl", "istio-demo", "status")
	requests, _ := recorder.Drain()
	if got.Code != 0 || got.Stderr != "" || len(requests) != 2+12 {
		t.Errorf("exit code %d, requests %q\n%s", got.Code, requests, got.Stderr)
	}
	wantLines(t, got.Stdout,
		`Istio 1\.31\.0 demo in istio-system: 3 of 3 ready`,
		`NAME +READY +STATUS +AGE`,
		`deployment/istio-egressgateway +1/1 +Ready +\S+`,
		`deployment/istio-ingressgateway +1/1 +Ready +\S+`,
		`deployment/istiod +1/1 +Ready +\S+`)
	wantLines(t, u.Must(t, "kubectl", "istio-demo", "status", "-o", "wide"),
		`Istio 1\.31\.0 demo in istio-system: 3 of 3 ready`,
		`  --addons=none`,
		`NAME +READY +STATUS +AGE +IMAGES`,
		`deployment/istio-egressgateway +1/1 +Ready +\S+ +registry\.istio\.io/release/proxyv2:1\.31\.0`,
		`deployment/istio-ingressgateway +1/1 +Ready +\S+ +registry\.istio\.io/release/proxyv2:1\.31\.0`,
		`deployment/istiod +1/1 +Ready +\S+ +registry\.istio\.io/release/pilot:1\.31\.0`)
	code, read := readStatus(t, u)
	if code != 0 || read.Source != "Istio 1.31.0 demo" || read.Namespace != "istio-system" || !read.Ready || len(read.Workloads) != 3 || read.Missing != nil {
		t.Errorf("exit code %d, %+v", code, read)
	}
	if istiod := read.Workloads[2]; istiod.Group != "apps" || istiod.Kind != "Deployment" || istiod.Namespace != "istio-system" || istiod.Name != "istiod" ||
		!istiod.Ready || istiod.Replicas != "1/1" || istiod.Message != "" || len(istiod.Images) != 1 || istiod.Findings != nil {
		t.Errorf("istiod is %+v", istiod)
	}
	if yaml := u.Must(t, "kubectl", "istio-demo", "status", "-o", "yaml"); !strings.HasPrefix(yaml, "namespace: istio-system\nobjects: 46\nready: true\nsettings:\n  addons: []\nsource: Istio 1.31.0 demo\nworkloads:\n- created: ") {
		t.Errorf("-o yaml printed\n%s", yaml)
	}
}

// TestStatusNotReady says what holds a workload back, and what to try.
func TestStatusNotReady(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "big.yaml", tooBig), "-n", "unready", "--wait=false")
	u.Must(t, "kubectl", "wait", "pod", "-l", "app=big", "-n", "unready", "--for=condition=PodScheduled=false", "--timeout=60s")
	got := u.Run(t, "kubectl", "istio-demo", "status", "-n", "unready")
	if got.Code != 1 || got.Stderr != "" {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	wantLines(t, got.Stdout,
		`\S*/big\.yaml in unready: 0 of 1 ready`,
		`NAME +READY +STATUS +AGE`,
		`deployment/big +0/1 +Available: 0/1 +\S+`,
		``,
		`deployment/big is not ready:`,
		`  pod big-\S+: Unschedulable: 0/3 nodes are available: .*Insufficient cpu.*`,
		`(    last warning: .*\n)?    next: .*`)
	code, read := readStatus(t, u, "-n", "unready")
	if code != 1 || read.Ready || len(read.Workloads) != 1 || len(read.Workloads[0].Findings) != 1 {
		t.Fatalf("exit code %d, %+v", code, read)
	}
	big := read.Workloads[0]
	if finding := big.Findings[0]; big.Ready || big.Replicas != "0/1" || big.Message != "Available: 0/1" || finding.Reason != "Unschedulable" || finding.Next == "" || !strings.HasPrefix(finding.Pod, "big-") {
		t.Errorf("it is %+v", big)
	}
}

// TestStatusOfNothing has an installation without workloads, one whose
// workloads somebody has deleted, and a copy that is not the demo's.
func TestStatusOfNothing(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	install := func(namespace, content string) {
		u.Must(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "own.yaml", content), "-n", namespace, "--wait=false")
	}
	install("settings", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
	for flags, want := range map[string]string{"": "/own.yaml in settings: no workloads installed\n", "-owide": "/own.yaml in settings: no workloads installed\n", "-w": "no workloads installed\n"} {
		arguments := append([]string{"kubectl", "istio-demo", "status", "-n", "settings"}, strings.Fields(flags)...)
		if got := u.Must(t, arguments...); !strings.HasSuffix(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("status %q printed %q", flags, got)
		}
	}
	if code, read := readStatus(t, u, "-n", "settings"); code != 0 || !read.Ready || read.Workloads == nil || len(read.Workloads) != 0 {
		t.Errorf("exit code %d, %+v", code, read)
	}
	install("emptied-out", web)
	copied := u.Must(t, "kubectl", "get", "deployment", "web", "-n", "emptied-out", "-o", "yaml")
	u.Must(t, "kubectl", "delete", "deployment", "web", "-n", "emptied-out")
	if got := u.Pipe(t, strings.ReplaceAll(copied, "name: web\n  namespace", "name: copy\n  namespace"), "kubectl", "create", "-f", "-"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	got := u.Run(t, "kubectl", "istio-demo", "status", "-n", "emptied-out")
	if got.Code != 1 || got.Stderr != "" {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	wantLines(t, got.Stdout,
		`\S*/own\.yaml in emptied-out: 0 of 1 ready`,
		`NAME +READY +STATUS +AGE`,
		`deployment/web +- +missing +-`,
		``,
		`1 of 2 objects missing: deployment emptied-out/web; rerun the install of \S*/own\.yaml`)
	if code, read := readStatus(t, u, "-n", "emptied-out"); code != 1 || read.Ready || !slices.Equal(read.Missing, []string{"deployment.apps"}) {
		t.Errorf("exit code %d, %+v", code, read)
	}
}

// TestStatusErrors are one line each.
func TestStatusErrors(t *testing.T) {
	u := controlplane.SharedDemo(t)
	u.Must(t, "kubectl", "create", "role", "reads-inventory", "-n", "istio-system", "--verb=get", "--resource=configmaps")
	u.Must(t, "kubectl", "create", "rolebinding", "reads-inventory", "-n", "istio-system", "--role=reads-inventory", "--user=reader")
	u.Until(t, user.Succeeds, "kubectl", "auth", "can-i", "get", "configmaps", "-n", "istio-system", "--as", "reader")
	for _, test := range []struct {
		flags string
		code  int
		want  string
	}{
		{"-n nowhere", 1, `error: the demo is not installed in namespace nowhere; it is in (\S+, )*istio-system(, \S+)*: use -n \S+`},
		{"-n nowhere --as nobody", 1, `error: cannot read the inventory, configmap nowhere/istio-demo: .* is forbidden: .*`},
		{"-n nowhere -w", 1, `error: the demo is not installed in namespace nowhere; .*`},
		{"--as nobody", 1, `error: cannot read the inventory, configmap istio-system/istio-demo: .* is forbidden: .*`},
		{"--as reader", 1, `error: cannot list deployments: deployments\.apps is forbidden: .*`},
		{"--as reader -w", 1, `error: cannot watch deployments: .*deployments\.apps is forbidden: .*`},
		{"-o name", 2, `error: unknown output format "name"; use wide, json or yaml`},
		{"-o json -w", 2, `error: -w and -o json cannot be used together`},
		{"--timeout 0", 2, `error: --timeout must be longer than 0`},
		{"--timeout 1ns", 3, `error: timed out after 1ns`},
		{"istiod", 2, `error: kubectl istio-demo status takes no arguments, but got "istiod"`},
	} {
		t.Run(test.flags, func(t *testing.T) {
			got := u.Run(t, append([]string{"kubectl", "istio-demo", "status"}, strings.Fields(test.flags)...)...)
			if lines := got.Errors(); got.Code != test.code || len(lines) != 1 || !regexp.MustCompile("^"+test.want+"$").MatchString(lines[0]) || got.Stdout != "" {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
		})
	}
}

// TestStatusWatch sees a change, and ends with Ctrl-C.
func TestStatusWatch(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "web.yaml", web), "-n", "status-watched")
	command := u.Command(t, "kubectl-istio_demo", "status", "-n", "status-watched", "-w", "-o", "wide")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func(want string) {
		t.Helper()
		for lines.Scan() {
			if regexp.MustCompile("^" + want + "$").MatchString(lines.Text()) {
				return
			}
		}
		t.Errorf("no line is like %s", want)
	}
	next(`NAME +READY +STATUS +AGE +IMAGES`)
	next(`deployment/web +1/1 +Ready +\S+ +registry\.example\.com/web:1`)
	u.Must(t, "kubectl", "scale", "deployment", "web", "-n", "status-watched", "--replicas=3")
	next(`deployment/web +[12]/3 +\S.* +\S+ +registry\.example\.com/web:1`)
	next(`deployment/web +3/3 +Ready +\S+ +registry\.example\.com/web:1`)
	u.Must(t, "kubectl", "delete", "deployment", "web", "-n", "status-watched")
	next(`deployment/web +\S+ +deleted +\S+ +registry\.example\.com/web:1`)
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		t.Errorf("after Ctrl-C there is %s", lines.Text())
	}
	if err := command.Wait(); err == nil || command.ProcessState.ExitCode() != 130 {
		t.Errorf("after Ctrl-C: %v", err)
	}
}
