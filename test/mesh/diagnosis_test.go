package mesh

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/node"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

const (
	httpbin = "docker.io/mccutchen/go-httpbin:v2.15.0"
	// debian has a shell.
	debian = "docker.io/curlimages/curl:8.16.0"
	fortio = "docker.io/fortio/fortio:latest_release"
	// never is a probe of containers that end at once, or the Deployment would be
	// ready for a moment.
	never = "readinessProbe: {tcpSocket: {port: 1}}"
)

// faulty is a Deployment of one container.
func faulty(container string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: faulty}
spec:
  selector: {matchLabels: {app: faulty}}
  template:
    metadata: {labels: {app: faulty}}
    spec: {containers: [{name: main, %s}]}
`, container)
}

// faults are containers that do not get ready, and what install says of them: the
// cause, and the next step.
var faults = []struct{ name, container, cause, next string }{
	{
		"rate limit", `image: "example.com/faults/429/x:1"`,
		`image "example.com/faults/429/x:1": .*429 Too Many Requests`, "install from a mirror with --hub",
	},
	{
		"denied", `image: "example.com/faults/401/x:1"`,
		`image "example.com/faults/401/x:1": .*`, "check that the image exists; add imagePullSecrets to the pods if the registry requires a login",
	},
	{
		"unknown", `image: "example.com/faults/404/x:1"`,
		`image "example.com/faults/404/x:1": .*not found`, "fix the image name or tag",
	},
	{
		"broken registry", `image: "example.com/faults/500/x:1"`,
		`image "example.com/faults/500/x:1": .*500 Internal Server Error`, "the registry fails; wait for it, or install from a mirror with --hub",
	},
	{
		"another certificate", `image: "tls.example.com/x:1"`,
		`image "tls.example.com/x:1": .*x509: certificate signed by unknown authority`, "make the nodes trust the registry's certificate",
	},
	{
		"silent registry", `image: "silent.example.com/x:1"`,
		`image "silent.example.com/x:1": .*i/o timeout`, "let the nodes reach the registry, or install from a mirror with --hub",
	},
	{
		"crash", `image: "` + debian + `", command: [sh, -c, "echo no such database; exit 7"], ` + never,
		`exit code 7`, "no such database",
	},
	{
		"out of memory", `image: "` + debian + `", command: [tail, /dev/zero], resources: {limits: {memory: 30Mi}}, ` + never,
		`OOMKilled`, "memory",
	},
	{
		"probe", `image: "` + httpbin + `", readinessProbe: {httpGet: {path: /status/503, port: 8080}, periodSeconds: 1}`,
		`Readiness probe failed: HTTP probe failed with statuscode: 503`, "kubectl logs",
	},
}

// TestDiagnoses has containers really fail, in each way that users meet.
func TestDiagnoses(t *testing.T) {
	t.Parallel()
	// Or the pulls that fail would wait for each other.
	m := startMesh(t, 0, func(n *node.Node) { n.ParallelPulls = true })
	m.registry(t, "tls.example.com", "https://"+m.node.Address()+":6443") // the API server's certificate is no registry's
	m.registry(t, "silent.example.com", "https://127.0.0.2")
	m.onNode(t, "iptables", "-I", "OUTPUT", "-d", "127.0.0.2", "-j", "DROP")
	t.Run("containers", func(t *testing.T) {
		for n, fault := range faults {
			t.Run(fault.name, func(t *testing.T) {
				t.Parallel()
				m.wantDiagnosis(t, fmt.Sprintf("fault-%d", n), fault.container, fault.cause, fault.next)
			})
		}
	})
	t.Run("no DNS", m.withoutDNS)
	t.Run("no API server", m.withoutAPI)
	t.Run("full disk", m.withoutSpace) // and so it stays
}

// wantDiagnosis installs a container that does not get ready, and looks for the
// cause, an expression, and for the next step.
func (m mesh) wantDiagnosis(t *testing.T, namespace, container, cause, next string) {
	t.Helper()
	m.Must(t, "kubectl", "create", "namespace", namespace)
	timeout := "90s"
	if strings.Contains(cause, "timeout") {
		timeout = "180s" // containerd waits 30 s for each connection
	}
	got := m.Run(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "faulty.yaml", faulty(container)), "-n", namespace, "--timeout="+timeout)
	if got.Code == 0 || !regexp.MustCompile(cause).MatchString(got.Stderr) || !strings.Contains(got.Stderr, next) {
		t.Errorf("exit code %d, without %q and %q\n%s", got.Code, cause, next, got.Stderr)
	}
}

// registry has the node find the images of a host at a URL.
func (m mesh) registry(t *testing.T, host, address string) {
	t.Helper()
	folder := filepath.Join(filepath.Dir(m.node.Kubeconfig), "registries", host)
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "hosts.toml"), fmt.Appendf(nil, "server = %q\n", address), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// onNode runs a command on the node.
func (m mesh) onNode(t *testing.T, command ...string) {
	t.Helper()
	if out, err := m.node.Command(t.Context(), command...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(command, " "), err, out)
	}
}

// withoutSpace has a node whose disk has no room for an image: what it has stays,
// and above that is one megabyte.
func (m mesh) withoutSpace(t *testing.T) {
	content := filepath.Join(filepath.Dir(m.node.Kubeconfig), "containerd/io.containerd.content.v1.content")
	m.onNode(t, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt")
	m.onNode(t, "mkdir", "/mnt/upper", "/mnt/work")
	m.onNode(t, "mount", "-t", "overlay", "-o", "lowerdir="+content+",upperdir=/mnt/upper,workdir=/mnt/work", "overlay", content)
	m.wantDiagnosis(t, "full-disk", `image: "`+fortio+`"`, `image "`+fortio+`": no space left on device`, "free disk space on the node: kubectl describe node node")
}

// withoutDNS has pods that find no names: the gateways' proxies say so.
func (m mesh) withoutDNS(t *testing.T) {
	m.Must(t, "kubectl", "scale", "deployment/coredns", "-n", "kube-system", "--replicas=0")
	m.Must(t, "kubectl", "wait", "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns", "--for=delete", "--timeout=60s")
	if got := m.Run(t, "kubectl", "istio-demo", "check"); got.Code == 0 || !strings.Contains(got.Stdout, "kube-dns") {
		t.Errorf("check: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	got := m.install(t, "--addons=none", "--skip-checks=dns", "--timeout=60s")
	if got.Code == 0 || !strings.Contains(got.Stderr, "cluster DNS does not answer: lookup istiod.istio-system.svc") {
		t.Errorf("install: exit code %d\n%s", got.Code, got.Stderr)
	}
	m.Must(t, "kubectl", "scale", "deployment/coredns", "-n", "kube-system", "--replicas=1")
	m.mustInstall(t, "--addons=none")
}

// withoutAPI has pods that do not reach the API server: istiod says so, and what
// waits for istiod is told in one line.
func (m mesh) withoutAPI(t *testing.T) {
	m.Must(t, "kubectl", "istio-demo", "uninstall", "--yes")
	m.Must(t, "kubectl", "wait", "pods", "--all", "-n", "istio-system", "--for=delete", "--timeout=60s")
	rule := []string{"INPUT", "-s", "10.244.0.0/16", "-p", "tcp", "--dport", "6443", "-j", "REJECT"}
	m.onNode(t, append([]string{"iptables", "-I"}, rule...)...)
	got := m.install(t, "--addons=none", "--timeout=60s")
	if got.Code == 0 || !strings.Contains(got.Stderr, "istiod gets no objects from the API server") || !strings.Contains(got.Stderr, "istio-ingressgateway-") || strings.Count(got.Stderr, "FailedMount: waits for istiod\n") != 4 {
		t.Errorf("install: exit code %d\n%s", got.Code, got.Stderr)
	}
	m.onNode(t, append([]string{"iptables", "-D"}, rule...)...)
	m.mustInstall(t, "--addons=none")
}
