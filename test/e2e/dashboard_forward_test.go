package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// lookalike is a Deployment whose pods look like those of something else.
func lookalike(label, cpu string) string {
	return strings.NewReplacer("LABEL", label, "CPU", cpu).Replace(`apiVersion: apps/v1
kind: Deployment
metadata: {name: posing}
spec:
  selector: {matchLabels: {LABEL}}
  template:
    metadata: {labels: {LABEL}}
    spec:
      containers: [{name: main, image: registry.example.com/a:1, resources: {requests: {cpu: CPU}}}]
`)
}

// deployLookalike installs such a Deployment in a namespace of its own.
func deployLookalike(t *testing.T, u *user.User, namespace, label, cpu string, flags ...string) {
	t.Helper()
	u.Must(t, append([]string{"kubectl", "istio-demo", "install", "-f", user.File(t, "posing.yaml", lookalike(label, cpu)), "-n", namespace}, flags...)...)
}

// TestDashboard opens each of them, and compares what comes through.
func TestDashboard(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	for _, test := range []struct {
		name, label, path string
		port              int
	}{
		{"controlz", "app: istiod", "", 9876},
		{"grafana", "app.kubernetes.io/name: grafana", "", 3000},
		{"istiod", "app: istiod", "", 9876},
		{"istiod-debug", "app: istiod", "/debug", 15014},
		{"jaeger", "app: jaeger", "", 16686},
		{"kiali", "app: kiali", "/kiali", 20001},
		{"prometheus", "app.kubernetes.io/name: prometheus", "", 9090},
		{"skywalking", "app: skywalking-ui", "", 8080},
		{"zipkin", "app: zipkin", "", 9411},
		{"envoy deployment/posing", "app: sidecar", "", 15000},
	} {
		t.Run(test.name, func(t *testing.T) {
			namespace := "dashboard-" + strings.Fields(test.name)[0]
			deployLookalike(t, u, namespace, test.label, "10m")
			controlplane.ServePods(t, control, test.port, controlplane.Echo)
			shown := u.Start(t, append([]string{"kubectl", "istio-demo", "dashboard", "-n", namespace}, strings.Fields(test.name)...)...)
			url := shown.URL(t)
			if !regexp.MustCompile(`^http://localhost:\d+` + test.path + `$`).MatchString(url) {
				t.Errorf("the URL is %s", url)
			}
			shown.WaitFor(t, fmt.Sprintf(`  pod %s/posing-\S+: forwarding to port %d`, namespace, test.port))
			controlplane.WantEcho(t, url, orRoot(test.path))
			controlplane.WantEcho(t, strings.Replace(url, "localhost", "127.0.0.1", 1), orRoot(test.path))
			shown.Interrupt(t)
		})
	}
}

func orRoot(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// TestDashboardGoesOn keeps its port when the pod is replaced and when the
// connection breaks.
func TestDashboardGoesOn(t *testing.T) {
	control := controlplane.Shared(t)
	recorder := apiproxy.New(t, control.Kubeconfig)
	cuts := make(chan context.CancelFunc, 100)
	recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if strings.HasSuffix(request.URL.Path, "/portforward") {
			ctx, cut := context.WithCancel(request.Context())
			cuts <- cut
			request = request.WithContext(ctx)
		}
		forward.ServeHTTP(w, request)
	}
	u := user.New(t, recorder.Kubeconfig)
	deployLookalike(t, u, "swapped", "app: kiali", "10m")
	controlplane.ServePods(t, control, 20001, controlplane.Echo)
	recorder.Drain()
	shown := u.Start(t, "kubectl", "istio-demo", "dashboard", "kiali", "-n", "swapped")
	url := shown.URL(t)
	controlplane.WantEcho(t, url, "/kiali")

	for range 3 {
		u.Must(t, "kubectl", "delete", "pod", "-l", "app=kiali", "-n", "swapped", "--wait=false")
		shown.WaitFor(t, `  pod swapped/posing-\S+: being deleted; reconnecting`)
		shown.WaitFor(t, `  pod swapped/posing-\S+: forwarding to port 20001`)
		controlplane.WantEcho(t, url, "/kiali")
	}
	u.Must(t, "kubectl", "scale", "deployment", "posing", "-n", "swapped", "--replicas=0")
	shown.WaitFor(t, `  pod swapped/posing-\S+: being deleted; reconnecting`)
	u.Must(t, "kubectl", "scale", "deployment", "posing", "-n", "swapped", "--replicas=1")
	shown.WaitFor(t, `  pod swapped/posing-\S+: forwarding to port 20001`)
	controlplane.WantEcho(t, url, "/kiali")

	for len(cuts) > 0 {
		(<-cuts)()
	}
	shown.WaitFor(t, `  pod swapped/posing-\S+: the connection through the API server broke; reconnecting`)
	shown.WaitFor(t, `  pod swapped/posing-\S+: forwarding to port 20001`)
	controlplane.WantEcho(t, url, "/kiali")
	shown.Interrupt(t)
}

// TestDashboardRefused has nobody at the pod's port, for a while.
func TestDashboardRefused(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	deployLookalike(t, u, "refusing", "app: zipkin", "10m")
	shown := u.Start(t, "kubectl", "istio-demo", "dashboard", "zipkin", "-n", "refusing")
	url := shown.URL(t)
	if response, err := http.Get(url); err == nil {
		response.Body.Close()
		t.Errorf("nobody is there, but it answers %s", response.Status)
	}
	shown.WaitFor(t, `  pod refusing/posing-\S+: .*connection refused.*; reconnecting`)
	shown.WaitFor(t, `  pod refusing/posing-\S+: forwarding to port 9411`)
	controlplane.ServePods(t, control, 9411, controlplane.Echo)
	controlplane.WantEcho(t, url, "/")
	shown.Interrupt(t)
}

// TestDashboardUpgrades takes a websocket, and SPDY where there is none.
func TestDashboardUpgrades(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	deployLookalike(t, u, "upgrades", "app: jaeger", "10m")
	controlplane.ServePods(t, control, 16686, controlplane.Echo)
	for _, test := range []struct {
		name   string
		refuse bool
		want   []string
	}{
		{"websocket", false, []string{"GET"}},
		{"SPDY", true, []string{"GET", "POST"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorder := apiproxy.New(t, control.Kubeconfig)
			recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
				if test.refuse && strings.EqualFold(request.Header.Get("Upgrade"), "websocket") {
					http.Error(w, "no websockets here", http.StatusBadRequest)
					return
				}
				forward.ServeHTTP(w, request)
			}
			shown := user.New(t, recorder.Kubeconfig).Start(t, "kubectl", "istio-demo", "dashboard", "jaeger", "-n", "upgrades")
			controlplane.WantEcho(t, shown.URL(t), "/")
			shown.Interrupt(t)
			requests, _ := recorder.Drain()
			var methods []string
			for _, request := range requests {
				if method, uri, _ := strings.Cut(request, " "); strings.HasSuffix(uri, "/portforward") {
					methods = append(methods, method)
				}
			}
			if !slices.Equal(methods, test.want) || len(requests) > len(test.want)+3 {
				t.Errorf("the requests are %q", requests)
			}
		})
	}
}

// TestDashboardNotReady says what it waits for, and waits no longer than it
// may.
func TestDashboardNotReady(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	deployLookalike(t, u, "not-yet", "app: kiali", "9999", "--wait=false")
	u.Must(t, "kubectl", "wait", "deployment", "posing", "-n", "not-yet", "--for=jsonpath={.status.replicas}=1", "--timeout=60s")
	u.Must(t, "kubectl", "wait", "pod", "-l", "app=kiali", "-n", "not-yet", "--for=condition=PodScheduled=false", "--timeout=60s")
	got := u.Run(t, "kubectl", "istio-demo", "dashboard", "kiali", "-n", "not-yet", "--timeout=2s")
	if got.Code != 3 || got.Stdout != "" {
		t.Errorf("exit code %d\n%s", got.Code, got.Stdout)
	}
	wantLines(t, got.Stderr,
		`  pod not-yet/posing-\S+: not ready: Unschedulable: .*Insufficient cpu.*`,
		`error: timed out after 2s: pod not-yet/posing-\S+ is not ready: Unschedulable: .*Insufficient cpu.*`)

	controlplane.ServePods(t, control, 20001, controlplane.Echo)
	shown := u.Start(t, "kubectl", "istio-demo", "dashboard", "kiali", "-n", "not-yet")
	shown.WaitFor(t, `  pod not-yet/posing-\S+: not ready: Unschedulable: .*`)
	deployLookalike(t, u, "not-yet", "app: kiali", "10m")
	controlplane.WantEcho(t, shown.URL(t), "/kiali")
	if got := shown.End(t, syscall.SIGTERM); got.Code != 143 {
		t.Errorf("after SIGTERM: exit code %d\n%s", got.Code, got.Stderr)
	}
}

// TestDashboardErrors are one line each.
func TestDashboardErrors(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	deployLookalike(t, u, "sidecars", "app: sidecar", "10m")
	u.Must(t, "kubectl", "create", "role", "sees-pods", "-n", "sidecars", "--verb=list,watch", "--resource=pods")
	u.Must(t, "kubectl", "create", "rolebinding", "sees-pods", "-n", "sidecars", "--role=sees-pods", "--user=onlooker")
	u.Until(t, user.Succeeds, "kubectl", "auth", "can-i", "watch", "pods", "-n", "sidecars", "--as", "onlooker")
	pod := strings.TrimSpace(u.Must(t, "kubectl", "get", "pods", "-n", "sidecars", "-o", "jsonpath={.items[*].metadata.name}"))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, test := range []struct {
		arguments string
		code      int
		want      string
	}{
		{"", 2, `error: dashboard required: one of controlz, envoy, grafana, .*`},
		{"loki", 2, `error: unknown dashboard "loki"; use one of controlz, .*`},
		{"keeali", 2, `error: unknown dashboard "keeali"; did you mean "kiali"\?`},
		{"kiali x", 2, `error: unknown dashboard "x"; use one of controlz, .*`},
		{"kiali envoy", 2, `error: dashboard envoy is for one proxy and cannot be opened with others`},
		{"kiali grafana --port=" + port, 2, `error: --port is for one dashboard; omit it to open several`},
		{"envoy a b", 2, `error: unexpected argument "b" for kubectl istio-demo dashboard envoy`},
		{"kiali -n sidecars", 1, `error: kiali is not installed: namespace sidecars has no pod with the label app=kiali; run 'kubectl istio-demo install --reuse-values --addons=kiali -n sidecars', or choose another namespace with -n`},
		{"istiod -n sidecars", 1, `error: istiod is not installed: .*; run 'kubectl istio-demo install -n sidecars', or .*`},
		{"zipkin -n sidecars", 1, `error: zipkin is not installed: .*; it is not part of the demo: .*`},
		{"envoy", 2, `error: kubectl istio-demo dashboard envoy requires a pod, or a workload as TYPE/NAME`},
		{"envoy nope", 1, `error: pod nope not found in namespace istio-system; list pods with 'kubectl get pods -n istio-system', or choose another namespace with -n`},
		{"envoy nope.sidecars", 1, `error: pod nope not found in namespace sidecars; .*`},
		{"envoy deploy/nope.sidecars", 1, `error: deployment nope not found in namespace sidecars; choose another namespace with -n`},
		{"envoy node/a", 2, `error: unsupported type "node"; use pod, .*`},
		{"envoy A", 2, `error: invalid pod name "A": .*`},
		{"envoy deploy/posing -n sidecars --port=" + port, 1, `error: cannot listen on localhost:` + port + `: address already in use; choose another --port, or omit it for a free one`},
		{"envoy deploy/posing -n sidecars --port=70000", 2, `error: invalid --port 70000: .*`},
		{"kiali --address=everywhere", 2, `error: invalid --address "everywhere": use an IP address or localhost`},
		{"kiali --timeout=0", 2, `error: --timeout must be longer than 0`},
		{"envoy " + pod + " -n sidecars --as=onlooker", 1, `error: pods "` + pod + `" is forbidden: User "onlooker" cannot create resource "pods/portforward" .*`},
		{"kiali --as=nobody", 1, `error: cannot list pods: pods is forbidden: .*`},
	} {
		t.Run(test.arguments, func(t *testing.T) {
			got := u.Run(t, append([]string{"kubectl", "istio-demo", "dashboard"}, strings.Fields(test.arguments)...)...)
			if lines := got.Errors(); got.Code != test.code || len(lines) != 1 || !regexp.MustCompile("^"+test.want+"$").MatchString(lines[0]) || got.Stdout != "" {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
		})
	}
}

// TestDashboardOfPod ends when the very pod is gone that was named, while
// somebody is still connected who never ends by themselves.
func TestDashboardOfPod(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	deployLookalike(t, u, "one-pod", "app: sidecar", "10m")
	asked := make(chan struct{})
	controlplane.ServePods(t, control, 15000, func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		close(asked)
		<-request.Context().Done()
	})
	pod := strings.TrimSpace(u.Must(t, "kubectl", "get", "pods", "-n", "one-pod", "-o", "jsonpath={.items[*].metadata.name}"))
	shown := u.Start(t, "kubectl", "istio-demo", "dashboard", "proxy", pod+".one-pod", "--address=127.0.0.1")
	url := shown.URL(t)
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("the URL is %s", url)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if response, err := http.Get(url); err == nil {
			response.Body.Close()
		}
	}()
	<-asked
	u.Must(t, "kubectl", "delete", "pod", pod, "-n", "one-pod", "--wait=false")
	shown.WaitFor(t, `error: pod one-pod/`+pod+` is gone; forward to its deployment to follow its successors: .*`)
	if err := shown.Command.Wait(); err == nil || shown.Command.ProcessState.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	<-ended
}
