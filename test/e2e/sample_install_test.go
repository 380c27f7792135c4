package e2e

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestSampleInstall installs samples into two namespaces, beside each other and
// beside the demo, and takes them away again without a trace.
func TestSampleInstall(t *testing.T) {
	t.Parallel()
	control := controlplane.Start(t, "sample")
	recorder := apiproxy.New(t, control.Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	t.Run("no Istio", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "--yes")
		want := "error: Istio is not installed: the cluster does not serve networking.istio.io/v1; install it first with 'kubectl istio-demo install'"
		if lines := got.Errors(); got.Code != 1 || !slices.Equal(lines, []string{want}) {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		recorder.WantNoWrites(t)
	})
	removeInjector(t, u)
	u.Must(t, "kubectl", "create", "namespace", "mine")
	u.Must(t, "kubectl", "create", "configmap", "istio-demo-sample", "-n", "mine", "--from-literal=of=mine")
	for _, own := range []string{"configmap/kube-root-ca.crt", "serviceaccount/default"} {
		u.Must(t, "kubectl", "wait", "--for=create", "--timeout=30s", "-n", "mine", own)
		u.Must(t, "kubectl", "wait", "--for=create", "--timeout=30s", "-n", "istio-system", own)
	}
	before := snapshot.TakeSettled(t, control.Kubeconfig)
	recorder.Drain()
	t.Run("nobody to ask", func(t *testing.T) { sampleWithoutTerminal(t, u, recorder) })
	t.Run("no", func(t *testing.T) {
		output, code := u.RunOnTerminal(t, "n\n", "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine")
		if code != 0 || !strings.Contains(output, "Label namespace mine with istio-injection=enabled, so that Istio injects sidecars into all new pods? [y/N] ") ||
			!strings.Contains(output, "[y/N] nothing installed; use --inject=false to leave the namespace unchanged\r\n") ||
			strings.Contains(output, "error") {
			t.Errorf("exit code %d\n%s", code, output)
		}
		recorder.WantNoWrites(t)
	})
	t.Run("dry run", func(t *testing.T) { sampleDry(t, u, recorder) })
	t.Run("yes", func(t *testing.T) {
		output, code := u.RunOnTerminal(t, "y\n", "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine")
		if code != 0 || !strings.Contains(output, "\nbookinfo is ready in namespace mine: 0 of 6 pods have a sidecar\r\n") {
			t.Fatalf("exit code %d\n%s", code, output)
		}
	})
	t.Run("again", func(t *testing.T) { sampleAgain(t, u) })
	t.Run("another one beside it", func(t *testing.T) {
		u.Must(t, "kubectl", "istio-demo", "sample", "install", "helloworld", "-n", "mine")
		u.Must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", "istio-system", "--inject=false")
		u.Must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", "shop")
	})
	t.Run("undisturbed", func(t *testing.T) { sampleList(t, u) })
	t.Run("taken away", func(t *testing.T) {
		sampleRemoved(t, u)
		snapshot.WantEqual(t, before, snapshot.TakeSettled(t, control.Kubeconfig))
	})
}

// removeInjector installs the demo, whose istiod does not run on nodes that
// only pretend, and takes the webhooks away that nobody would answer for.
func removeInjector(t *testing.T, u *user.User) {
	t.Helper()
	u.Must(t, "kubectl", "istio-demo", "install")
	u.Must(t, "kubectl", "delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "--all")
}

func sampleWithoutTerminal(t *testing.T, u *user.User, recorder *apiproxy.Proxy) {
	got := u.Run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine")
	want := "error: cannot prompt before labelling namespace mine with istio-injection=enabled for sidecar injection: stdin is not a terminal; use --yes, or --inject=false to leave it unchanged"
	if lines := got.Errors(); got.Code != 2 || !slices.Equal(lines, []string{want}) || got.Stdout != "" {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	recorder.WantNoWrites(t)
}

func sampleDry(t *testing.T, u *user.User, recorder *apiproxy.Proxy) {
	for dryRun, want := range map[string]string{
		"client": "service/reviews applied (dry run)\n",
		"server": "service/reviews created (server dry run)\n",
	} {
		got := u.Run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine", "--dry-run="+dryRun)
		labels := strings.HasSuffix(got.Stdout, "namespace/mine labeled (server dry run)\n")
		if got.Code != 0 || !strings.Contains(got.Stdout, want) || labels != (dryRun == "server") {
			t.Errorf("%s: exit code %d\n%s%s", dryRun, got.Code, got.Stdout, got.Stderr)
		}
		recorder.WantNoWrites(t)
	}
}

// sampleAgain changes nothing, and says for programs, too, what is lacking.
func sampleAgain(t *testing.T, u *user.User) {
	got := u.Run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine", "-o", "json")
	const why = "the cluster has no sidecar injector (no such webhook)"
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "0 created, 0 configured, 21 unchanged in ") ||
		!strings.Contains(got.Stderr, "\nwarning: 6 of 6 pods of bookinfo have no sidecar: "+why+"; install Istio with 'kubectl istio-demo install', then run 'kubectl rollout restart deployment details-v1 productpage-v1 ratings-v1 reviews-v1 reviews-v2 reviews-v3 -n mine'\n") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	var report struct {
		Sample, Namespace string
		Sidecars          struct {
			Pods, Injected int
			Why, Remedy    string
		}
		Address struct{ URL, Hint string }
	}
	if err := json.Unmarshal([]byte(got.Stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Sample != "bookinfo" || report.Namespace != "mine" || report.Sidecars.Pods != 6 || report.Sidecars.Injected != 0 || report.Sidecars.Why != why || report.Address.Hint == "" ||
		!strings.HasPrefix(report.Address.URL, "http://") || !strings.HasSuffix(report.Address.URL, "/productpage") {
		t.Errorf("the report is %+v", report)
	}
}

// sampleList finds every installation where it is, and none in the way
// of another one.
func sampleList(t *testing.T, u *user.User) {
	list := u.Must(t, "kubectl", "istio-demo", "sample", "list")
	for name, where := range map[string]string{"bookinfo": "mine", "helloworld": "mine", "httpbin": "istio-system,shop"} {
		if !regexp.MustCompile(`(?m)^` + name + ` .* ` + where + `$`).MatchString(list) {
			t.Errorf("%s is not in %s:\n%s", name, where, list)
		}
	}
	for _, flag := range []string{"--as=nobody", "--kubeconfig=/dev/null"} {
		got := u.Run(t, "kubectl", "istio-demo", "sample", "list", flag)
		if got.Code != 0 || strings.Count(got.Stdout, " <unknown>\n") != 3 || !strings.HasPrefix(got.Stderr, "warning: cannot list installed samples: ") {
			t.Errorf("%s: exit code %d\n%s%s", flag, got.Code, got.Stdout, got.Stderr)
		}
	}
	for _, label := range []string{"mine", "shop"} {
		if got := u.Must(t, "kubectl", "get", "namespace", label, "-o", "jsonpath={.metadata.labels.istio-injection}"); got != "enabled" {
			t.Errorf("the label of %s is %q", label, got)
		}
	}
	demo := u.Run(t, "kubectl", "istio-demo", "install", "--dry-run=server")
	if demo.Code != 0 || !regexp.MustCompile(`^4 created, 0 configured, \d+ unchanged in `).MatchString(demo.Summary()) {
		t.Errorf("exit code %d\n%s", demo.Code, demo.Stderr)
	}
	for _, name := range []string{"bookinfo", "helloworld"} {
		again := u.Run(t, "kubectl", "istio-demo", "sample", "install", name, "-n", "mine")
		if again.Code != 0 || !strings.Contains(again.Summary(), "0 created, 0 configured, ") || strings.Contains(again.Stderr, "pruned") {
			t.Errorf("%s: exit code %d\n%s", name, again.Code, again.Stderr)
		}
	}
	mine := user.File(t, "mine.yaml", "{apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {ports: [{port: 80}]}}")
	taken := u.Run(t, "kubectl", "istio-demo", "install", "-f", mine, "-n", "mine")
	want := "error: service mine/reviews belongs to the sample bookinfo in namespace mine; adopt it with --adopt; only if it is yours, remove it with 'kubectl istio-demo sample uninstall bookinfo -n mine'"
	if lines := taken.Errors(); taken.Code != 1 || !slices.Equal(lines, []string{want}) {
		t.Errorf("exit code %d\n%s", taken.Code, taken.Stderr)
	}
}

// sampleRemoved takes one sample after the other away; the label goes with the
// last that wants it.
func sampleRemoved(t *testing.T, u *user.User) {
	for _, step := range []struct {
		name, namespace, last string
	}{
		{"bookinfo", "mine", "serviceaccount/bookinfo-reviews deleted\n"},
		{"helloworld", "mine", "serviceaccount/helloworld deleted\nnamespace/mine unlabeled\n"},
		{"httpbin", "shop", "serviceaccount/httpbin deleted\nnamespace/shop deleted\n"},
		{"httpbin", "istio-system", "serviceaccount/httpbin deleted\n"},
		{"httpbin", "istio-system", "sample httpbin is not installed in namespace istio-system\n"},
	} {
		got := u.Run(t, "kubectl", "istio-demo", "sample", "uninstall", step.name, "-n", step.namespace, "--yes")
		if got.Code != 0 || !strings.HasSuffix(got.Stdout, step.last) {
			t.Errorf("%s: exit code %d\n%s%s", step.name, got.Code, got.Stdout, got.Stderr)
		}
	}
}
