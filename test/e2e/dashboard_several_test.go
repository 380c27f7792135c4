package e2e

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestDashboardSeveral keeps two dashboards open on ports that are the same each
// time, but for one that is somebody else's by then.
func TestDashboardSeveral(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	both := lookalike("app: kiali", "10m") + "---\n" + strings.ReplaceAll(lookalike("app.kubernetes.io/name: grafana", "10m"), "posing", "grafana")
	u.Must(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "both.yaml", both), "-n", "several")
	controlplane.ServePods(t, control, 20001, controlplane.Echo)
	controlplane.ServePods(t, control, 3000, controlplane.Echo)
	// Other tests use the ports of localhost.
	const address = "127.0.7.7"
	open := func() (urls []string, interrupt func()) {
		shown := u.Start(t, "kubectl", "istio-demo", "dashboard", "kiali", "grafana", "-n", "several", "--address="+address)
		lines := []string{shown.URL(t), shown.URL(t)}
		slices.Sort(lines)
		for n, prefix := range []string{"grafana: ", "kiali: "} {
			url, named := strings.CutPrefix(lines[n], prefix)
			if !named {
				t.Fatalf("the lines are %q", lines)
			}
			urls = append(urls, url)
		}
		controlplane.WantEcho(t, urls[0], "/")
		controlplane.WantEcho(t, urls[1], "/kiali")
		return urls, func() { shown.Interrupt(t) }
	}
	want := []string{"http://" + address + ":3000", "http://" + address + ":20001/kiali"}
	for range 2 {
		urls, interrupt := open()
		interrupt()
		if !slices.Equal(urls, want) {
			t.Errorf("the URLs are %q and not %q", urls, want)
		}
	}
	taken, err := net.Listen("tcp", address+":3000")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	urls, interrupt := open()
	interrupt()
	if urls[0] == want[0] || urls[1] != want[1] {
		t.Errorf("with 3000 taken the URLs are %q", urls)
	}
	if got := u.Run(t, "kubectl", "istio-demo", "dashboard", "kiali", "jaeger", "-n", "several", "--address="+address); got.Code != 1 || len(got.Errors()) != 1 ||
		!strings.HasPrefix(got.Errors()[0], "error: jaeger is not installed: ") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}
