package e2e

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// escape clears a terminal, sets its title, colours it and turns the direction
// of writing; yamlEscape is the same in YAML's double quotes. What is left of
// it when that is taken away is [2J and more.
const (
	escape     = "\x1b[2J\x1b]0;x\a\u009b31m\u202e"
	yamlEscape = `\e[2J\e]0;x\a\x9b31m\u202e`
)

// escapes is a workload, and a custom resource that says of itself that it is
// not ready.
var escapes = fixture.CRD("Signal", "signals", "escapes.example.com", "v1") + `---
apiVersion: escapes.example.com/v1
kind: Signal
metadata: {name: loud}
status:
  conditions:
  - {type: Ready, status: "False", reason: Loud, message: "not ready ` + yamlEscape + `"}
---
` + web

// owned belongs to a release with a hostile name.
const owned = `apiVersion: v1
kind: ConfigMap
metadata:
  name: owned
  namespace: escapes
  annotations: {meta.helm.sh/release-name: "a` + yamlEscape + `\nerror: b", meta.helm.sh/release-namespace: "` + yamlEscape + `"}
`

// denial is an admission policy for one namespace with a hostile message.
const denial = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: escapes}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: escapes}}
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE, DELETE], resources: [deployments]}]
  validations: [{expression: "false", message: "it is denied ` + yamlEscape + `"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: escapes}
spec: {policyName: escapes, validationActions: [Deny]}
`

// TestInstallEscapes has names, messages and logs from the cluster and from files
// hold what terminals act on. None of it gets to the terminal.
func TestInstallEscapes(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if strings.HasSuffix(request.URL.Path, "/log") {
			_, _ = w.Write([]byte("last words " + escape + "\n"))
			return
		}
		forward.ServeHTTP(w, request)
	}
	u := user.New(t, recorder.Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "escapes")
	path := user.File(t, escape+".yaml", escapes)
	broken := filepath.Join(filepath.Dir(path), "broken"+escape+".yaml")
	if err := os.WriteFile(broken, []byte("a: [\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// plain runs a command and wants it to say something of what is hostile.
	plain := func(code int, want string, arguments ...string) {
		t.Helper()
		got := u.Run(t, append([]string{"kubectl", "istio-demo", "-n", "escapes"}, arguments...)...)
		if got.Code != code || !strings.Contains(got.Stdout+got.Stderr, want) {
			t.Errorf("%q: exit code %d, and no %q in\n%q\n%q", arguments, got.Code, want, got.Stdout, got.Stderr)
		}
		if strings.Contains(got.Stderr, "\nerror: b") {
			t.Errorf("%q: a line of an annotation passes for one of its own:\n%s", arguments, got.Stderr)
		}
		isYAML := arguments[0] == "diff" || slices.Contains(arguments, "yaml") // as kubectl prints it
		for _, output := range []string{got.Stdout, got.Stderr} {
			if strings.ContainsFunc(output, func(r rune) bool {
				return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) && !isYAML
			}) {
				t.Errorf("%q prints %q", arguments, output)
			}
		}
	}
	plain(2, "broken [2J ]0;x  31m .yaml, document 1", "install", "-f", broken)
	plain(1, `context "`, "status", "--context", escape)
	plain(3, "not ready  [2J ]0;x  31m", "install", "-f", path, "--timeout=3s")
	pod := strings.TrimSpace(u.Must(t, "kubectl", "get", "pods", "-n", "escapes", "-l", "app=web", "-o", "name"))
	controlplane.CrashPod(t, u, "escapes", "web", "web", pod, escape)
	plain(1, "log: last words", "status")
	plain(1, "not ready  [2J", "status", "-o", "wide")
	plain(1, `message: "not ready \e[2J`, "status", "-o", "yaml")
	plain(0, "", "diff", "-f", path)

	other := user.File(t, "owned.yaml", owned)
	u.Must(t, "kubectl", "create", "-f", other)
	plain(1, "belongs to helm (release a [2J", "install", "-f", other)
	plain(1, "belongs to helm (release a [2J", "check", "-f", other)

	if got := u.Pipe(t, denial, "kubectl", "create", "-f", "-"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	denied := func(denied bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // the server takes a moment to heed it
		defer cancel()
		for (u.Run(t, "kubectl", "delete", "deployment", "web", "-n", "escapes", "--dry-run=server").Code != 0) != denied {
			if ctx.Err() != nil {
				t.Fatalf("the policy is not heeded: denied is not %t", denied)
			}
		}
	}
	denied(true)
	changed := user.File(t, "changed"+escape+".yaml", strings.ReplaceAll(escapes, "'registry.example.com/web:1'", `"web:2\e[2J\u202e"`))
	plain(1, "it is denied  [2J", "install", "-f", changed, "--timeout=3s")
	plain(2, "it is denied  [2J", "diff", "-f", changed)
	plain(1, "it is denied  [2J", "uninstall", "--yes")
	if got := u.Pipe(t, denial, "kubectl", "delete", "-f", "-"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	denied(false)
	plain(1, `[2J`, "diff", "-f", changed)
	plain(0, "removing "+filepath.Dir(path)+"/ [2J", "uninstall", "--yes")
}

// TestInstallUnusualCharacters stores what is in the manifest, to the letter: the server
// reads what it is sent as YAML.
func TestInstallUnusualCharacters(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	const letters = "\x01\t\r\n\x1b\x7f\u0080\u0085\u009f\u00a0\u2028\u202e\ufeff\ufffe\uffff\U0001f680 ü"
	path := user.File(t, "strange.json", `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "strange"}, "data": {"letters": `+fixture.Quote(letters)+`}}`)
	for _, want := range []string{"2 created, 0 configured, 0 unchanged", "0 created, 0 configured, 2 unchanged"} {
		if got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "strange", "-f", path); got.Code != 0 || !strings.HasPrefix(got.Summary(), want) {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	}
	if got := u.Must(t, "kubectl", "istio-demo", "manifest", "-f", path); !strings.Contains(got, `letters: "\x01`) {
		t.Errorf("the manifest is %q", got)
	}
	if got := u.Must(t, "kubectl", "get", "configmap", "strange", "-n", "strange", "-o", "go-template={{.data.letters}}"); got != letters {
		t.Errorf("stored is %q", got)
	}
}
