package e2e

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestHelpSuggestions mistypes everything that has a name, and is told what may be
// meant, without a request.
func TestHelpSuggestions(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	for _, test := range []struct {
		arguments string
		code      int
		want      string
	}{
		{"instal", 2, `error: unknown command "instal"; did you mean "install"?`},
		{"sample unistall", 2, `error: unknown command "unistall"; did you mean "uninstall"?`},
		{"help instal", 1, `error: unknown help topic "instal"; did you mean "install"?`},
		{"help sample instal", 1, `error: unknown help topic "sample instal"; did you mean "install"?`},
		{"help qqq", 1, `error: unknown help topic "qqq"`},
		{"install --tmeout=3m", 2, `error: unknown flag: --tmeout; did you mean "--timeout"?`},
		{"pods --namespce=a", 2, `error: unknown flag: --namespce; did you mean "--namespace"?`},
		{"dashboard grafna", 2, `error: unknown dashboard "grafna"; did you mean "grafana"?`},
		{"sample install bokinfo", 2, `error: unknown sample "bokinfo"; did you mean "bookinfo"?`},
		{"install --sample=bokinfo", 2, `error: unknown sample "bokinfo" in --sample; did you mean "bookinfo"?`},
		{"install --addons=kialli", 2, `error: unknown addon "kialli" in --addons; did you mean "kiali"?`},
		{"check --skip-checks=capcity", 2, `error: unknown check "capcity" in --skip-checks; did you mean "capacity"?`},
		{"install --dry-run server", 2, `error: --dry-run needs = before its value: --dry-run=server`},
		{"install --wait false", 2, `error: --wait needs = before its value: --wait=false`},
		{"uninstall --dry-run client", 2, `error: --dry-run needs = before its value: --dry-run=client`},
		{"sample install bookinfo --dry-run server", 2, `error: --dry-run needs = before its value: --dry-run=server`},
		{"sample route bookinfo --dry-run server", 2, `error: --dry-run needs = before its value: --dry-run=server`},
		{"install --dry-run nope", 2, `error: kubectl istio-demo install takes no arguments, but got "nope"`},
	} {
		t.Run(test.arguments, func(t *testing.T) {
			got := u.Run(t, append([]string{"kubectl", "istio-demo"}, strings.Fields(test.arguments)...)...)
			if lines := got.Errors(); got.Code != test.code || got.Stdout != "" || len(lines) != 1 || lines[0] != test.want {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
		})
	}
	if got := u.Must(t, "kubectl", "istio-demo", "--version"); !strings.HasPrefix(got, "kubectl istio-demo ") || !strings.HasSuffix(got, " (Istio 1.31.0)\n") {
		t.Errorf("--version prints %q", got)
	}
	if got := u.Must(t, "kubectl", "istio-demo", "options"); !strings.HasPrefix(got, "The following options can be passed to any command:\n\n") || !strings.Contains(got, "--kubeconfig string") {
		t.Errorf("options prints\n%s", got)
	}
	if got := u.Must(t, "kubectl", "istio-demo", "help", "sample", "install"); !strings.Contains(got, "kubectl istio-demo sample install NAME") {
		t.Errorf("help prints\n%s", got)
	}
	if requests, _ := recorder.Drain(); len(requests) > 0 {
		t.Errorf("the cluster was asked: %v", requests)
	}
}
