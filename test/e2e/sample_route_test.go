package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// sidecarPolicy puts a container into the pods of labelled namespaces, as the
// injector would; the API server does that by itself.
const sidecarPolicy = `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: sidecar}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {istio-injection: enabled}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  failurePolicy: Fail
  reinvocationPolicy: IfNeeded
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: 'Object{spec: Object.spec{containers: [Object.spec.containers{name: "istio-proxy", image: "registry.example.com/proxyv2:1"}]}}'
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: sidecar}
spec: {policyName: sidecar}
`

// TestSampleRoute sees sidecars where there are some, leaves alone what people
// have decided about a namespace, and shifts traffic.
func TestSampleRoute(t *testing.T) {
	t.Parallel()
	recorder := apiproxy.New(t, controlplane.Start(t, "samplemesh").Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	removeInjector(t, u)
	t.Run("routes", func(t *testing.T) { sampleRoutes(t, u, recorder) })
	t.Run("labels of people", func(t *testing.T) { sampleKeepsLabels(t, u) })
	t.Run("what is left", func(t *testing.T) { sampleKeepsNamespace(t, u) })
	t.Run("gateway API", func(t *testing.T) { sampleGatewayAPI(t, u) })
	t.Run("sidecars", func(t *testing.T) {
		if got := u.Pipe(t, sidecarPolicy, "kubectl", "create", "-f", "-"); got.Code != 0 {
			t.Fatal(got.Stderr)
		}
		u.Must(t, "kubectl", "create", "namespace", "injected")
		u.Must(t, "kubectl", "label", "namespace", "injected", "istio-injection=enabled")
		u.Until(t, user.Prints("istio-proxy"), "kubectl", "run", "probe", "-n", "injected", "--image=a", "--dry-run=server", "-o", "yaml") // the API server takes a moment to know a policy
		got := u.Run(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", "injected")
		if got.Code != 0 || !strings.HasPrefix(got.Stdout, "httpbin is ready in namespace injected: 1 of 1 pods have a sidecar\nopen http://") || strings.Contains(got.Stderr, "warning") {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
	})
}

// sampleRoutes goes through the tasks of the documentation.
func sampleRoutes(t *testing.T, u *user.User, recorder *apiproxy.Proxy) {
	route := func(routes ...string) user.Result {
		return u.Run(t, append([]string{"kubectl", "istio-demo", "sample", "route", "bookinfo", "-n", "books"}, routes...)...)
	}
	refused := func(got user.Result, code int, want string) {
		t.Helper()
		if lines := got.Errors(); got.Code != code || len(lines) != 1 || !strings.HasPrefix(lines[0], "error: "+want) {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
	}
	shows := func(got user.Result, want string) {
		t.Helper()
		if got.Code != 0 || !regexp.MustCompile(`(?m)^reviews +v1,v2,v3 +`+regexp.QuoteMeta(want)+`$`).MatchString(got.Stdout) {
			t.Errorf("exit code %d, not %s:\n%s%s", got.Code, want, got.Stdout, got.Stderr)
		}
	}
	refused(route("reviews=v1"), 1, "sample bookinfo is not installed in namespace books; run 'kubectl istio-demo sample install bookinfo -n books', or find it")
	install := []string{"kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "books"}
	u.Must(t, install...)
	shows(route(), "<none>")
	refused(route("reviews=v1:90,v4:10"), 2, "service reviews has no version v4; available: v1, v2, v3")
	refused(route("reviws=v1"), 2, "service reviws not found in the sample; available: details, productpage, ratings, reviews")
	refused(route("reviews=v1:90,v3:11"), 2, `invalid route "reviews=v1:90,v3:11": weights add up to 101 instead of 100`)
	shows(route("reviews=v1", "--dry-run=server"), "v1:100")
	shows(route(), "<none>")
	shows(route("reviews=v1:90,v3:10", "ratings=v1"), "v1:90,v3:10")
	spec := u.Must(t, "kubectl", "get", "virtualservice", "reviews", "-n", "books", "-o", "jsonpath={.spec}")
	if want := `{"hosts":["reviews"],"http":[{"route":[{"destination":{"host":"reviews","subset":"v1"},"weight":90},{"destination":{"host":"reviews","subset":"v3"},"weight":10}]}]}`; spec != want {
		t.Errorf("the virtual service has %s", spec)
	}
	again := u.Run(t, install...)
	if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 23 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
	shows(route(), "v1:90,v3:10")
	shows(route("ratings-", "reviews=v2"), "v2:100")
	reset := u.Run(t, append(install, "--reset-routes")...)
	if reset.Code != 0 || !strings.HasPrefix(reset.Summary(), "0 created, 0 configured, 21 unchanged, 1 pruned in ") {
		t.Errorf("exit code %d\n%s", reset.Code, reset.Stderr)
	}
	shows(route(), "<none>")

	u.Pipe(t, "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: mine, namespace: books}, spec: {hosts: [reviews.books.svc.cluster.local], http: [{route: [{destination: {host: reviews}}]}]}}",
		"kubectl", "create", "-f", "-")
	refused(route("reviews=v1"), 1, "virtualservice books/mine of another owner already routes service reviews; ")
	recorder.Drain()
	refused(route("reviews-"), 1, "virtualservice books/mine of another owner already routes service reviews; ")
	u.Must(t, "kubectl", "delete", "virtualservice", "mine", "-n", "books")
	recorder.Drain()
	shows(route("reviews-"), "<none>")
	if _, writes := recorder.Drain(); slices.ContainsFunc(writes, func(write string) bool { return strings.HasPrefix(write, "DELETE ") }) {
		t.Errorf("where there is no route, it sends %v", writes)
	}
	shows(route("reviews=v3"), "v3:100")
	if got := u.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "bookinfo", "-n", "books", "--yes"); !strings.Contains(got, "virtualservice.networking.istio.io/reviews deleted\n") || !strings.HasSuffix(got, "namespace/books deleted\n") {
		t.Errorf("it removed\n%s", got)
	}
	refused(u.Run(t, "kubectl", "istio-demo", "sample", "route", "httpbin"), 2, "sample httpbin has no services to route between")
}

// sampleKeepsLabels neither asks about labels that are there nor takes them
// away, and does not change a mind.
func sampleKeepsLabels(t *testing.T, u *user.User) {
	for label, code := range map[string]int{"istio-injection=enabled": 0, "istio.io/rev=canary": 0, "istio-injection=disabled": 1} {
		namespace := "people-" + regexp.MustCompile(`[^a-z]`).ReplaceAllString(label, "-")
		u.Must(t, "kubectl", "create", "namespace", namespace)
		u.Must(t, "kubectl", "label", "namespace", namespace, label)
		labels := func() string {
			return u.Must(t, "kubectl", "get", "namespace", namespace, "-o", "jsonpath={.metadata.labels}")
		}
		before := labels()
		got := u.Run(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", namespace)
		refused := strings.Contains(got.Stderr, "error: namespace "+namespace+" disables sidecar injection with the label istio-injection=disabled; ")
		if got.Code != code || refused != (code == 1) {
			t.Errorf("%s: exit code %d\n%s", label, got.Code, got.Stderr)
		}
		removed := u.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "httpbin", "-n", namespace, "--yes")
		if now := labels(); now != before || strings.Contains(removed, "unlabeled") {
			t.Errorf("the labels are %s and were %s\n%s", now, before, removed)
		}
	}
	// A label that a sample has put there and somebody has changed is theirs.
	u.Must(t, "kubectl", "create", "namespace", "changed")
	u.Must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "-n", "changed", "--yes")
	u.Must(t, "kubectl", "label", "--overwrite", "namespace", "changed", "istio-injection=disabled")
	u.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "httpbin", "-n", "changed", "--yes")
	if got := u.Must(t, "kubectl", "get", "namespace", "changed", "-o", "jsonpath={.metadata.labels.istio-injection}"); got != "disabled" {
		t.Errorf("the label is %q", got)
	}
}

// sampleKeepsNamespace keeps a namespace that a sample has made for another one that is in
// it, and does not come back to it.
func sampleKeepsNamespace(t *testing.T, u *user.User) {
	for _, name := range []string{"httpbin", "helloworld"} {
		u.Must(t, "kubectl", "istio-demo", "sample", "install", name, "-n", "left", "--yes")
	}
	got := u.Run(t, "kubectl", "istio-demo", "sample", "uninstall", "httpbin", "-n", "left", "--yes")
	if got.Code != 0 || !strings.Contains(got.Stderr, "namespace left is kept: contains objects not installed by this tool: ") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	u.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "helloworld", "-n", "left", "--yes")
	if again := u.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "httpbin", "-n", "left", "--yes"); again != "sample httpbin is not installed in namespace left\n" {
		t.Errorf("again: it says %s", again)
	}
	u.Must(t, "kubectl", "get", "namespace", "left")
}

// sampleGatewayAPI says how to get what is missing, and replaces one way in by
// the other.
func sampleGatewayAPI(t *testing.T, u *user.User) {
	install := []string{"kubectl", "istio-demo", "sample", "install", "helloworld", "-n", "gateways"}
	got := u.Run(t, append(install, "--gateway-api")...)
	if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0],
		"error: the Gateway API is not installed: the cluster does not serve gateway.networking.k8s.io/v1; install its CRDs with 'kubectl apply --server-side -f https://") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	u.Must(t, install...)
	definitions := fixture.Join(fixture.CRD("Gateway", "gateways", "gateway.networking.k8s.io", "v1"), fixture.CRD("HTTPRoute", "httproutes", "gateway.networking.k8s.io", "v1"))
	if got := u.Pipe(t, definitions, "kubectl", "create", "-f", "-"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	u.Must(t, "kubectl", "wait", "--for=condition=Established", "--timeout=30s", "crd/gateways.gateway.networking.k8s.io", "crd/httproutes.gateway.networking.k8s.io")
	got = u.Run(t, append(install, "--gateway-api")...)
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "2 created, 0 configured, 6 unchanged, 2 pruned in ") ||
		!strings.Contains(got.Stderr, "\ngateway gateways/helloworld-gateway has no address yet; ") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	u.Must(t, "kubectl", "patch", "gateways.gateway.networking.k8s.io", "helloworld-gateway", "-n", "gateways", "--type=merge", "-p", `{"status":{"addresses":[{"value":"192.0.2.7"}]}}`)
	if got := u.Must(t, append(install, "--gateway-api")...); !strings.HasSuffix(got, "\nopen http://192.0.2.7/hello\n") {
		t.Errorf("it says %s", got)
	}
	if left := u.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "helloworld", "-n", "gateways", "--yes"); !strings.HasSuffix(left, "namespace/gateways deleted\n") {
		t.Errorf("it removed\n%s", left)
	}
}
