package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

const (
	deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: demo\n"
	configMap  = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
)

// TestInstallRefusals gives bad input and wants one clear line for each, the
// documented exit code, and nothing written.
func TestInstallRefusals(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	insecure := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(insecure.Close)
	config := controlplane.RESTConfig(t, controlplane.Shared(t).Kubeconfig)
	expired := user.File(t, "expired", fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"x",
		"clusters":[{"name":"c","cluster":{"server":%q,"insecure-skip-tls-verify":true}}],
		"users":[{"name":"u","user":{"token":"expired"}}],"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}]}`, config.Host))
	u.Must(t, "kubectl", "create", "namespace", "doomed")
	u.Must(t, "kubectl", "patch", "namespace", "doomed", "-p", `{"metadata":{"finalizers":["example.com/hold"]}}`)
	u.Must(t, "kubectl", "delete", "namespace", "doomed", "--wait=false")

	for _, test := range []struct {
		name  string
		flags []string
		// file becomes the file FILE of the flags.
		file string
		code int
		// want is a regular expression for the whole line.
		want string
	}{
		{"unreachable server", []string{"--server", "http://127.0.0.1:1"}, "", 1,
			`error: cannot reach the API server http://127\.0\.0\.1:1 \(context recorded\): connection refused; is the cluster running, .*`},
		{"unknown host", []string{"--server", "https://cluster.invalid:6443"}, "", 1,
			`error: cannot reach the API server https://cluster\.invalid:6443 .*(no such host|lookup).*`},
		{"unknown context", []string{"--context", "nope"}, "", 1,
			`error: cannot use the kubeconfig: context "nope" does not exist; 'kubectl config get-contexts' lists the contexts`},
		{"missing kubeconfig file", []string{"--kubeconfig", "/no/such/file"}, "", 1,
			`error: cannot use the kubeconfig: .*/no/such/file.*no such file.*`},
		{"broken kubeconfig", []string{"--kubeconfig", "FILE"}, "clusters: [", 1,
			`error: cannot use the kubeconfig: .*yaml.*`},
		{"no current context", []string{"--kubeconfig", "FILE"}, `{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1"}}]}`, 1,
			`error: the kubeconfig has no current context with a cluster; use --context, .*`},
		{"no credential plugin", []string{"--kubeconfig", "FILE"}, `{"apiVersion":"v1","kind":"Config","current-context":"x",
			"clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1"}}],"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],
			"users":[{"name":"u","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"no-such-plugin","interactiveMode":"Never"}}}]}`, 1,
			`error: cannot get credentials \(context x\): exec: executable no-such-plugin not found.*`},
		{"a namespace that is a path", []string{"-n", ".."}, "", 2, `error: invalid namespace "\.\.": .*`},
		{"a name that is a path", []string{"-f", "FILE"}, "apiVersion: v1\nkind: Pod\nmetadata: {name: a/b}\n", 2,
			`error: \S+FILE, document 1 \(line 1\): pod: metadata\.name "a/b" may not contain '/'`},
		{"an apiVersion that is a path", []string{"-f", "FILE"}, "apiVersion: v1/x/y\nkind: Secret\nmetadata: {name: a}\nstringData: {key: hidden}\n", 2,
			`error: \S+FILE, document 1 \(line 1\): secret: apiVersion "v1/x/y" is not GROUP/VERSION`},
		{"expired token", []string{"--kubeconfig", expired}, "", 1,
			`error: the API server rejected your credentials \(401 Unauthorized\); log in again.*`},
		{"no permission", []string{"--as", "nobody"}, "", 1,
			`error: no permission to create clusterrolebindings\.rbac\.authorization\.k8s\.io, .* and \d+ more; ask your cluster administrator.*`},
		{"no permission in a namespace", []string{"--as", "nobody", "-f", "FILE", "-n", "default"}, configMap, 1,
			`error: no permission to create configmaps in namespace default, get configmaps in namespace default, patch configmaps in namespace default; ask .*`},
		{"--set without a value", []string{"--set", "pilot"}, "", 2, `error: --set pilot: key "pilot" has no value; write it as key=value`},
		{"--set of the wrong type", []string{"--set", "pilot=5"}, "", 2, `error: --set pilot: must be a map`},
		{"--set that the templates cannot take", []string{"--set", "pilot=5", "--skip-schema-validation"}, "", 2, `error: the charts refuse the values: .*wrong type.*`},
		{"--set that contradicts -n", []string{"--set", "global.istioNamespace=x"}, "", 2, `error: the charts refuse the values: global\.istioNamespace is "x" .*`},
		{"unknown profile", []string{"--set", "profile=nope"}, "", 2, `error: the charts refuse the values: .*unknown profile nope.*`},
		{"malformed --values", []string{"--values", "FILE"}, "a: b\n c: d\n", 2, `error: --values \S+: not a YAML mapping of values: line 2: .*`},
		{"--values that is a list", []string{"--values", "FILE"}, "- a\n", 2, `error: --values \S+: not a YAML mapping of values: expected a mapping, not an array`},
		{"--values that is not there", []string{"--values", "nope.yaml"}, "", 2, `error: the path "nope\.yaml" does not exist`},
		{"unknown file", []string{"-f", "nope.yaml"}, "", 2, `error: the path "nope\.yaml" does not exist`},
		{"unknown kustomization", []string{"-k", "nope"}, "", 2, `error: the path "nope" does not exist`},
		{"empty file", []string{"-f", "FILE"}, "", 2, `error: \S+FILE: no objects found; is it the right file\?`},
		{"only comments", []string{"-f", "FILE"}, "# nothing\n---\n\n", 2, `error: \S+FILE: no objects found; is it the right file\?`},
		{"empty directory", []string{"-f", "."}, "", 2, `error: the directory "\." has no \.json, \.yaml, \.yml file; use -R .*`},
		{"broken YAML", []string{"-f", "FILE"}, configMap + "---\n# second\napiVersion: v1\nkind: [\n", 2,
			`error: \S+FILE, document 2 \(line \d+\): not valid YAML: .*`},
		{"a tab", []string{"-f", "FILE"}, configMap + "data:\n\tkey: value\n", 2,
			`error: \S+FILE, document 1 \(line 6\): not valid YAML: found character that cannot start any token`},
		{"broken JSON", []string{"-f", "FILE"}, "{\"kind\":\n  \"ConfigMap\",,}", 2, `error: \S+FILE, document 1 \(line 2\): not valid JSON: .*`},
		{"no kind", []string{"-f", "FILE"}, configMap + "---\n# second\n\napiVersion: v1\nmetadata:\n  name: b\n", 2,
			`error: \S+FILE, document 2 \(line 8\): the object has no kind; .*`},
		{"no apiVersion", []string{"-f", "FILE"}, "kind: Pod\n", 2, `error: \S+FILE, document 1 \(line 1\): pod has no apiVersion; .*`},
		{"no name", []string{"-f", "FILE"}, "apiVersion: v1\nkind: Pod\n", 2, `error: \S+FILE, document 1 \(line 1\): pod has no metadata\.name`},
		{"not an object", []string{"-f", "FILE"}, "just words\n", 2, `error: \S+FILE, document 1 \(line 1\): not a Kubernetes object: expected a mapping, not a string`},
		{"an object with two definitions", []string{"-f", "FILE"}, configMap + "---\n" + configMap + "data: {a: b}\n", 2,
			`error: \S+FILE, document 2 \(line 6\): configmap istio-system/a is already defined in \S+FILE, document 1 \(line 1\) and differs in data; keep one of them, or use the last one with --strict=false`},
		{"a label that is a number", []string{"-f", "FILE"}, configMap + "  labels: {istio-injection: enabled, version: 1.10}\n", 2,
			`error: \S+FILE, document 1 \(line 1\): configmap a: not a string: metadata\.labels\.version \(number\); put it in quotes`},
		{"an unknown kind", []string{"-f", "FILE"}, "apiVersion: example.com/v1\nkind: Foo\nmetadata:\n  name: a\n", 2,
			`error: \S+FILE, document 1 \(line 1\): foo a: neither the cluster nor the manifest defines kind Foo in version example\.com/v1; .*`},
		{"a version that is not served", []string{"-f", "FILE", "--upgrade-apis=false"}, strings.Replace(deployment, "apps/v1", "extensions/v1beta1", 1), 2,
			`error: \S+FILE, document 1 \(line 1\): deployment demo/web: the cluster does not serve kind Deployment in version extensions/v1beta1, only in apps/v1; .*`},
		{"another namespace than -n", []string{"-f", "FILE", "-n", "other"}, deployment, 2,
			`error: \S+FILE, document 1 \(line 1\): deployment demo/web is not in --namespace other; .*`},
		{"a namespace that nobody brings", []string{"-f", "FILE"}, deployment, 1,
			`error: namespace demo does not exist and is not in the manifest; create it first .*`},
		{"a namespace that is being deleted", []string{"-f", "FILE", "-n", "doomed"}, configMap, 1,
			`error: namespace doomed has been terminating since .*; wait for its deletion .*`},
		{"http", []string{"-f", insecure.URL}, "", 2, `error: http://\S+ is not encrypted; use https, or allow it with --allow-http`},
		{"a download that fails", []string{"--allow-http", "-f", insecure.URL}, "", 2, `error: cannot download http://\S+: the server answered 404 Not Found`},
		{"-f with -k", []string{"-f", "x", "-k", "y"}, "", 2, `error: -f and -k cannot be used together`},
		{"-f with --set", []string{"-f", "x", "--set", "a=b"}, "", 2, `error: --set, --values, --hub and --tag are for the built-in demo .*`},
		{"an unknown flag", []string{"--nope"}, "", 2, `error: unknown flag: --nope`},
		{"an argument", []string{"nope"}, "", 2, `error: kubectl istio-demo install takes no arguments, but got "nope"`},
		{"an unknown format", []string{"-o", "nope"}, "", 2, `error: unable to match a printer suitable for the output format "nope", .*`},
		{"no time", []string{"--timeout", "0"}, "", 2, `error: --timeout must be longer than 0; .*`},
		{"an unknown dry run", []string{"--dry-run=nope"}, "", 2, `error: Invalid dry-run value \(nope\).*`},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := user.File(t, "FILE", test.file)
			arguments := []string{"kubectl", "istio-demo", "install", "--addons=none"}
			for _, flag := range test.flags {
				if flag == "FILE" {
					flag = path
				}
				arguments = append(arguments, flag)
			}
			recorder.Drain()
			got := u.Run(t, arguments...)
			if got.Code != test.code {
				t.Errorf("exit code %d, not %d", got.Code, test.code)
			}
			lines := got.Errors()
			if len(lines) != 1 || !regexp.MustCompile("^"+test.want+"$").MatchString(lines[0]) {
				t.Errorf("no line like\n  %s\nin\n%s", test.want, got.Stderr)
			}
			if got.Stdout != "" {
				t.Errorf("standard output has\n%s", got.Stdout)
			}
			if _, writes := recorder.Drain(); len(writes) > 0 {
				t.Errorf("something was written: %v", writes)
			}
		})
	}

	t.Run("a namespace that may not be created", func(t *testing.T) {
		u.Must(t, "kubectl", "create", "clusterrolebinding", "editor", "--clusterrole=edit", "--user=editor")
		u.Must(t, "kubectl", "create", "clusterrolebinding", "viewer", "--clusterrole=view", "--user=editor")
		path := user.File(t, "own.yaml", configMap)
		recorder.Drain()
		got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "not-there", "--as", "editor")
		want := "error: no permission to create namespaces, patch namespaces; "
		if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], want) {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		if _, writes := recorder.Drain(); len(writes) > 0 {
			t.Errorf("something was written: %v", writes)
		}
		// In a namespace that exists, the same user needs no such permission.
		u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "default", "--as", "editor")
	})
	t.Run("no kubeconfig", func(t *testing.T) {
		for _, command := range []string{"install", "pods", "services"} {
			got := user.New(t, "/no/such/file").Run(t, "kubectl", "istio-demo", command)
			if got.Code != 1 || got.Stderr != "error: no kubeconfig found; set KUBECONFIG or use --kubeconfig\n" {
				t.Errorf("%s: exit code %d\n%s", command, got.Code, got.Stderr)
			}
		}
	})
	t.Run("an unknown command", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "nope")
		if got.Code != 2 || got.Stderr != "error: unknown command \"nope\"\nSee 'kubectl istio-demo --help' for usage.\n" {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	})
}
