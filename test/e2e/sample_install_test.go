package e2e

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSample installs samples into two namespaces, beside each other and
// beside the demo, and takes them away again without a trace.
func TestSample(t *testing.T) {
	t.Parallel()
	control := startCluster(t, "sample")
	recorder := newRecorder(t, control.Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	t.Run("no Istio", func(t *testing.T) {
		got := u.run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "--yes")
		want := "error: no Istio is installed on the cluster, which does not serve networking.istio.io/v1; install it first with 'kubectl istio-demo install'"
		if lines := errorLines(got.stderr); got.code != 1 || !slices.Equal(lines, []string{want}) {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
		recorder.wantNoWrites(t)
	})
	withoutInjector(t, u)
	u.must(t, "kubectl", "create", "namespace", "mine")
	u.must(t, "kubectl", "create", "configmap", "istio-demo-sample", "-n", "mine", "--from-literal=of=mine")
	for _, own := range []string{"configmap/kube-root-ca.crt", "serviceaccount/default"} {
		u.must(t, "kubectl", "wait", "--for=create", "--timeout=30s", "-n", "mine", own)
		u.must(t, "kubectl", "wait", "--for=create", "--timeout=30s", "-n", "istio-system", own)
	}
	before := settled(t, control.Kubeconfig)
	recorder.take()
	t.Run("nobody to ask", func(t *testing.T) { sampleUnasked(t, u, recorder) })
	t.Run("no", func(t *testing.T) {
		output, code := u.typing(t, "n\n", "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine")
		if code != 1 || !strings.Contains(output, "Label namespace mine with istio-injection=enabled, so that Istio injects sidecars into all new pods there? [y/N] ") ||
			!strings.Contains(output, "error: nothing was installed; --inject=false leaves the namespace alone") {
			t.Errorf("exit code %d\n%s", code, output)
		}
		recorder.wantNoWrites(t)
	})
	t.Run("dry run", func(t *testing.T) { sampleDry(t, u, recorder) })
	t.Run("yes", func(t *testing.T) {
		output, code := u.typing(t, "y\n", "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine")
		if code != 0 || !strings.Contains(output, "\nbookinfo runs in namespace mine: 0 of 6 pods have a sidecar\r\n") {
			t.Fatalf("exit code %d\n%s", code, output)
		}
	})
	t.Run("again", func(t *testing.T) { sampleAgain(t, u) })
	t.Run("another one beside it", func(t *testing.T) {
		u.must(t, "kubectl", "istio-demo", "sample", "install", "helloworld", "-n", "mine")
		u.must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", "istio-system", "--inject=false")
		u.must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", "shop")
	})
	t.Run("undisturbed", func(t *testing.T) { sampleUndisturbed(t, u) })
	t.Run("taken away", func(t *testing.T) {
		sampleRemoved(t, u)
		for _, difference := range compare(before, settled(t, control.Kubeconfig)) {
			t.Error(difference)
		}
	})
}

// withoutInjector installs the demo, whose istiod does not run on nodes that
// only pretend, and takes the webhooks away that nobody would answer for.
func withoutInjector(t *testing.T, u *user) {
	t.Helper()
	u.must(t, "kubectl", "istio-demo", "install")
	u.must(t, "kubectl", "delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "--all")
}

func sampleUnasked(t *testing.T, u *user, recorder *recorder) {
	got := u.run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine")
	want := "error: nobody can be asked whether namespace mine may be labelled istio-injection=enabled, so that Istio injects sidecars; confirm with --yes, or leave it alone with --inject=false"
	if lines := errorLines(got.stderr); got.code != 2 || !slices.Equal(lines, []string{want}) || got.stdout != "" {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	recorder.wantNoWrites(t)
}

func sampleDry(t *testing.T, u *user, recorder *recorder) {
	for dryRun, want := range map[string]string{
		"client": "service/reviews applied (dry run)\n",
		"server": "service/reviews created (server dry run)\n",
	} {
		got := u.run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine", "--dry-run="+dryRun)
		labels := strings.HasSuffix(got.stdout, "namespace/mine labeled (server dry run)\n")
		if got.code != 0 || !strings.Contains(got.stdout, want) || labels != (dryRun == "server") {
			t.Errorf("%s: exit code %d\n%s%s", dryRun, got.code, got.stdout, got.stderr)
		}
		recorder.wantNoWrites(t)
	}
}

// sampleAgain changes nothing, and says for programs, too, what is lacking.
func sampleAgain(t *testing.T, u *user) {
	got := u.run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "mine", "-o", "json")
	const why = "no injector of Istio's is on the cluster (there is no such webhook)"
	if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "0 created, 0 configured, 21 unchanged in ") ||
		!strings.Contains(got.stderr, "\nwarning: 6 of 6 pods of bookinfo have no sidecar: "+why+"; install Istio with 'kubectl istio-demo install', then run 'kubectl rollout restart deployment -n mine'\n") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	var report struct {
		Sample, Namespace string
		Sidecars          struct {
			Pods, Injected int
			Why, Remedy    string
		}
		Address struct{ URL, Hint string }
	}
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Sample != "bookinfo" || report.Namespace != "mine" || report.Sidecars.Pods != 6 || report.Sidecars.Injected != 0 || report.Sidecars.Why != why || report.Address.Hint == "" ||
		!strings.HasPrefix(report.Address.URL, "http://") || !strings.HasSuffix(report.Address.URL, "/productpage") {
		t.Errorf("the report is %+v", report)
	}
}

// sampleUndisturbed finds every installation where it is, and none in the way
// of another one.
func sampleUndisturbed(t *testing.T, u *user) {
	list := u.must(t, "kubectl", "istio-demo", "sample", "list")
	for name, where := range map[string]string{"bookinfo": "mine", "helloworld": "mine", "httpbin": "istio-system,shop"} {
		if !regexp.MustCompile(`(?m)^` + name + ` .* ` + where + `$`).MatchString(list) {
			t.Errorf("%s is not in %s:\n%s", name, where, list)
		}
	}
	for _, flag := range []string{"--as=nobody", "--kubeconfig=/dev/null"} {
		got := u.run(t, "kubectl", "istio-demo", "sample", "list", flag)
		if got.code != 0 || strings.Count(got.stdout, " <unknown>\n") != 3 || !strings.HasPrefix(got.stderr, "warning: nobody can tell where they are installed: ") {
			t.Errorf("%s: exit code %d\n%s%s", flag, got.code, got.stdout, got.stderr)
		}
	}
	for _, label := range []string{"mine", "shop"} {
		if got := u.must(t, "kubectl", "get", "namespace", label, "-o", "jsonpath={.metadata.labels.istio-injection}"); got != "enabled" {
			t.Errorf("the label of %s is %q", label, got)
		}
	}
	demo := u.run(t, "kubectl", "istio-demo", "install", "--dry-run=server")
	if demo.code != 0 || !regexp.MustCompile(`^4 created, 0 configured, \d+ unchanged in `).MatchString(summary(demo.stderr)) {
		t.Errorf("exit code %d\n%s", demo.code, demo.stderr)
	}
	for _, name := range []string{"bookinfo", "helloworld"} {
		again := u.run(t, "kubectl", "istio-demo", "sample", "install", name, "-n", "mine")
		if again.code != 0 || !strings.Contains(summary(again.stderr), "0 created, 0 configured, ") || strings.Contains(again.stderr, "pruned") {
			t.Errorf("%s: exit code %d\n%s", name, again.code, again.stderr)
		}
	}
	mine := write(t, "mine.yaml", "{apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {ports: [{port: 80}]}}")
	taken := u.run(t, "kubectl", "istio-demo", "install", "-f", mine, "-n", "mine")
	want := "error: service mine/reviews belongs to the sample bookinfo in namespace mine; take it away with 'kubectl istio-demo sample uninstall bookinfo -n mine', or take over what is there with --adopt"
	if lines := errorLines(taken.stderr); taken.code != 1 || !slices.Equal(lines, []string{want}) {
		t.Errorf("exit code %d\n%s", taken.code, taken.stderr)
	}
}

// sampleRemoved takes one sample after the other away; the label goes with the
// last that wants it.
func sampleRemoved(t *testing.T, u *user) {
	for _, step := range []struct {
		name, namespace, last string
	}{
		{"bookinfo", "mine", "serviceaccount/bookinfo-reviews deleted\n"},
		{"helloworld", "mine", "serviceaccount/helloworld deleted\nnamespace/mine unlabeled\n"},
		{"httpbin", "shop", "serviceaccount/httpbin deleted\nnamespace/shop deleted\n"},
		{"httpbin", "istio-system", "serviceaccount/httpbin deleted\n"},
		{"httpbin", "istio-system", "sample httpbin is not installed in namespace istio-system\n"},
	} {
		got := u.run(t, "kubectl", "istio-demo", "sample", "uninstall", step.name, "-n", step.namespace, "--yes")
		if got.code != 0 || !strings.HasSuffix(got.stdout, step.last) {
			t.Errorf("%s: exit code %d\n%s%s", step.name, got.code, got.stdout, got.stderr)
		}
	}
}
