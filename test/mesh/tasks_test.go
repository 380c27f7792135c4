package mesh

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// tasks are of Istio's documentation: what each has people apply, and what a page
// of Bookinfo is afterwards.
var tasks = []struct {
	name, manifest string
	status         int
	page           string
}{
	{"request routing", `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: default}
spec:
  hosts: [reviews]
  http: [{route: [{destination: {host: reviews, subset: v3}}]}]
`, http.StatusOK, "reviews-v3-"},
	{"fault injection", `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: details, namespace: default}
spec:
  hosts: [details]
  http: [{fault: {abort: {httpStatus: 500, percentage: {value: 100}}}, route: [{destination: {host: details}}]}]
`, http.StatusOK, "Error fetching product details"},
	{"request timeouts", `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings, namespace: default}
spec:
  hosts: [ratings]
  http: [{fault: {delay: {percentage: {value: 100}, fixedDelay: 3s}}, route: [{destination: {host: ratings}}]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: default}
spec:
  hosts: [reviews]
  http: [{route: [{destination: {host: reviews, subset: v2}}], timeout: 0.5s}]
`, http.StatusOK, "Error fetching product reviews"},
	{"authorization for HTTP traffic", `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow-nothing, namespace: default}
spec: {}
`, http.StatusForbidden, "RBAC: access denied"},
	{"mutual TLS migration", strict, http.StatusOK, pageTitle},
}

// TestTasks applies what the tasks of Istio's documentation do, and sees the
// effect, which ends with what was applied.
func TestTasks(t *testing.T) {
	t.Parallel()
	m := startMesh(t, 0)
	m.mustInstall(t, slices.Concat(authorizer, []string{"--addons=jaeger", "--sample=bookinfo", "--yes"})...)
	m.MustPipe(t, outside+workloads, "kubectl", "apply", "-f", "-")
	page := m.gateway(t) + "/productpage"
	for _, task := range tasks {
		t.Run(task.name, func(t *testing.T) {
			undo := m.apply(t, task.manifest)
			wantPage(t, page, "", task.status, task.page)
			undo()
			wantPage(t, page, "", http.StatusOK, pageTitle)
		})
	}
	t.Run("mesh-wide telemetry", m.telemetryCounts)
	m.Must(t, "kubectl", "wait", "deployments", "--all", "--for=condition=Available", "--timeout=120s")
	for _, task := range moreTasks {
		t.Run(task.name, func(t *testing.T) { task.run(t, m) })
	}
}

// moreTasks are those whose effect is not on a page of Bookinfo.
var moreTasks = []step{
	{"TCP traffic shifting", tcpShifts},
	{"circuit breaking", circuitBreaks},
	{"mirroring", mirrorGetsRequests},
	{"secure gateways", gatewayEncrypts},
	{"accessing external services", externalServices},
	{"egress gateways", egressGateway},
	{"authorization with JWT", tokenRequired},
	{"authorization for TCP traffic", tcpDenied},
	{"explicit deny", methodDenied},
	{"external authorization", externalAuthorizer},
	{"access logs with filters", logsOnlyErrors},
}

// apply applies objects; what it returns takes them away again.
func (m mesh) apply(t *testing.T, objects string) func() {
	t.Helper()
	m.MustPipe(t, objects, "kubectl", "apply", "-f", "-")
	return func() { m.MustPipe(t, objects, "kubectl", "delete", "-f", "-") }
}

const meshDefault = `apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: mesh-default, namespace: istio-system}
spec: {tracing: [{customTags: {task: {literal: {value: mesh-default}}}}]}
`

// telemetryCounts has the Telemetry that Istio's tasks have people apply take
// effect: the demo has none of its own in the root namespace.
func (m mesh) telemetryCounts(t *testing.T) {
	defer m.apply(t, meshDefault)()
	query := url.Values{"service": {"productpage.default"}, "tags": {`{"task":"mesh-default"}`}, "limit": {"1"}}
	page := m.gateway(t) + "/productpage"
	m.Until(t, func(got user.Result) bool {
		_, _, _ = get(page, "")
		return user.Prints(`"traceID"`)(got)
	}, "kubectl", "get", "--raw", "/api/v1/namespaces/istio-system/services/tracing:http-query/proxy/api/traces?"+query.Encode())
}
