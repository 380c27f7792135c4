package mesh

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestMesh has one installation serve requests, be changed under them, and go.
func TestMesh(t *testing.T) {
	t.Parallel()
	startMesh(t, 0).steps(t, []step{
		{"installed", istiodInstalled},
		{"order", startsInOrder},
		{"sample", sampleServes},
		{"validator", istiodValidates},
		{"injection", istiodInjects},
		{"identity", identityArrives},
		{"strict", strictRefuses},
		{"routes", routesArrive},
		{"traces", tracesArrive},
		{"dashboards", dashboardsAnswer},
		{"logs", logsAreShown},
		{"observed", istiodObserved},
		{"istioctl", istioctlAgrees},
		{"installed again", istiodKeepsItsOwn},
		{"upgraded", istiodUpgraded},
		{"changed under requests", servesMeanwhile},
		{"without a rule", istiodWithoutRule},
		{"without a definition", istiodWithoutDefinition},
		{"down", istiodDown},
		{"uninstalled", istiodUninstalled},
		{"images there", startsWhenServed},
	})
}

// client makes a connection for each request, as different people would.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// get requests a page, of a virtual host unless that is empty.
func get(address, host string) (status int, body string, err error) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	request.Host = host
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// wantPage requests a page until it answers with a status and a text, for as
// long as istiod may take to tell the proxies what has changed.
func wantPage(t *testing.T, address, host string, status int, part string) string {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		got, body, err := get(address, host)
		if err == nil && got == status && strings.Contains(body, part) {
			return body
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v, status %d, not %d with %q:\n%s", address, err, got, status, part, body)
		}
		time.Sleep(200 * time.Millisecond) // nothing tells when a proxy has heard
	}
}

// gateway is the URL of the ingress gateway.
func (m mesh) gateway(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(m.Must(t, "kubectl", "istio-demo", "address"))
}

const pageTitle = "<title>Simple Bookstore App</title>"

// startsInOrder holds the events to the order in which pods can start: nothing
// was retried, and what the mesh needs was pulled before the addons.
func startsInOrder(t *testing.T, m mesh) {
	events := m.Must(t, "kubectl", "get", "events", "-n", "istio-system", "--sort-by=.metadata.creationTimestamp", "-o", `jsonpath={range .items[*]}{.reason} {.message}{"\n"}{end}`)
	if failed := regexp.MustCompile(`(?m)^FailedMount.*not found.*$`).FindAllString(events, -1); failed != nil {
		t.Errorf("pods were created before what they mount: %q", failed)
	}
	proxy, grafana := strings.Index(events, `Pulling Pulling image "registry.istio.io/release/proxyv2`), strings.Index(events, `Pulling Pulling image "docker.io/grafana`)
	if proxy < 0 || grafana < 0 || proxy > grafana {
		t.Errorf("Grafana is pulled before the proxy:\n%s", events)
	}
}

// startsWhenServed installs on a node that has the images: the gateways, which
// would start at once, come when istiod answers, and the addons need not wait for
// them.
func startsWhenServed(t *testing.T, m mesh) {
	m.mustInstall(t)
	at := func(kind, name, path string) time.Time {
		text := m.Must(t, "kubectl", "get", kind, "-n", "istio-system", name, "-o", "jsonpath="+path)
		found, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	const created = "{.metadata.creationTimestamp}"
	served := at("pods", "-l=app=istiod", `{.items[0].status.conditions[?(@.type=="Ready")].lastTransitionTime}`)
	for _, gateway := range []string{"istio-ingressgateway", "istio-egressgateway"} {
		if got := at("deployment", gateway, created); got.Before(served) {
			t.Errorf("%s was created at %s, before istiod was ready at %s", gateway, got, served)
		}
	}
	if got := at("deployment", "grafana", created); got.After(served) {
		t.Errorf("grafana was created at %s, and istiod was ready at %s", got, served)
	}
}

// sampleServes has every sample of the demo answer through the gateway.
func sampleServes(t *testing.T, m mesh) {
	got := m.Run(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "--yes")
	if got.Code != 0 || !strings.Contains(got.Stdout+got.Stderr, "bookinfo is ready in namespace default: 6 of 6 pods have a sidecar") {
		t.Fatalf("exit code %d\n%s%s\n%s", got.Code, got.Stdout, got.Stderr, m.pods(t))
	}
	// It is ready when the command says so.
	page := m.gateway(t) + "/productpage"
	if status, body, err := get(page, ""); err != nil || status != http.StatusOK || !strings.Contains(body, pageTitle) {
		t.Errorf("%s: %v, status %d\n%s", page, err, status, body)
	}
	forward := m.Start(t, "kubectl", "istio-demo", "address", "--forward")
	wantPage(t, forward.URL(t)+"/productpage", "", http.StatusOK, pageTitle)
	if ended := forward.End(t, os.Interrupt); ended.Code != 0 {
		t.Errorf("address --forward: exit code %d\n%s", ended.Code, ended.Stderr)
	}
}

const headersRoute = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: headers, namespace: default}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [headers.example.com]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: headers, namespace: default}
spec:
  hosts: [headers.example.com]
  gateways: [headers]
  http: [{route: [{destination: {host: httpbin, port: {number: 8000}}}]}]
`

// identityArrives has an application see who called it: the gateway, by the
// certificate that istiod gave it.
func identityArrives(t *testing.T, m mesh) {
	m.Must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "--yes")
	m.MustPipe(t, headersRoute, "kubectl", "apply", "-f", "-")
	wantPage(t, m.gateway(t)+"/headers", "headers.example.com", http.StatusOK,
		"By=spiffe://cluster.local/ns/default/sa/httpbin")
	wantPage(t, m.gateway(t)+"/headers", "headers.example.com", http.StatusOK,
		"URI=spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account")
	m.MustPipe(t, headersRoute, "kubectl", "delete", "-f", "-")
	m.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "httpbin", "--yes")
}

const strict = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: default}
spec: {mtls: {mode: STRICT}}
`

// strictRefuses has a namespace take requests of the mesh only.
func strictRefuses(t *testing.T, m mesh) {
	pod := strings.TrimSpace(m.Must(t, "kubectl", "get", "pods", "-l", "app=details", "-o", "jsonpath={.items[0].metadata.name}"))
	plain := []string{"kubectl", "get", "--raw", "/api/v1/namespaces/default/pods/" + pod + ":9080/proxy/details/0"}
	m.Must(t, plain...)
	m.MustPipe(t, strict, "kubectl", "apply", "-f", "-")
	m.Until(t, user.Fails, plain...)
	wantPage(t, m.gateway(t)+"/productpage", "", http.StatusOK, pageTitle)
	m.MustPipe(t, strict, "kubectl", "delete", "-f", "-")
	m.Until(t, user.Succeeds, plain...)
}

// routesArrive sends most requests to one version of a service, and some to
// another one, whose pod the page names.
func routesArrive(t *testing.T, m mesh) {
	page := m.gateway(t) + "/productpage"
	m.Must(t, "kubectl", "istio-demo", "sample", "route", "bookinfo", "reviews=v3")
	wantPage(t, page, "", http.StatusOK, "reviews-v3-")
	m.Must(t, "kubectl", "istio-demo", "sample", "route", "bookinfo", "reviews=v1")
	deadline := time.Now().Add(30 * time.Second)
	for count(t, page, 10, "reviews-v3-") > 0 {
		if time.Now().After(deadline) {
			t.Fatal("reviews v1 does not get all requests")
		}
	}
	m.Must(t, "kubectl", "istio-demo", "sample", "route", "bookinfo", "reviews=v1:90,v3:10")
	for count(t, page, 10, "reviews-v3-") == 0 {
		if time.Now().After(deadline) {
			t.Fatal("reviews v3 gets no requests")
		}
	}
	const requests = 300
	low, high := binomialBounds(requests, 0.1, 1e-6)
	if third := count(t, page, requests, "reviews-v3-"); third < low || third > high {
		t.Errorf("%d of %d requests went to reviews v3, of which 10%% should: %d to %d", third, requests, low, high)
	}
}

// count tells how many of a number of pages have a text.
func count(t *testing.T, page string, requests int, part string) int {
	t.Helper()
	var group sync.WaitGroup
	bodies := make([]string, requests)
	const clients = 4
	for n := range clients {
		group.Go(func() {
			for at := n; at < requests; at += clients {
				status, body, err := get(page, "")
				if err != nil || status != http.StatusOK {
					t.Errorf("%s: %v, status %d", page, err, status)
				}
				bodies[at] = body
			}
		})
	}
	group.Wait()
	found := 0
	for _, body := range bodies {
		if strings.Contains(body, part) {
			found++
		}
	}
	return found
}

// binomialBounds gives the range outside of which the number of successes is
// with a probability of at most limit, when all is right.
func binomialBounds(draws int, probability, limit float64) (low, high int) {
	logFactorial := func(n int) float64 { value, _ := math.Lgamma(float64(n + 1)); return value }
	mass := func(k int) float64 {
		return math.Exp(logFactorial(draws) - logFactorial(k) - logFactorial(draws-k) + float64(k)*math.Log(probability) + float64(draws-k)*math.Log1p(-probability))
	}
	for tail := mass(0); tail < limit/2; tail += mass(low) {
		low++
	}
	high = draws
	for tail := mass(draws); tail < limit/2; tail += mass(high) {
		high--
	}
	return low, high
}

// tracesArrive finds the way of real requests in Jaeger, hop by hop.
func tracesArrive(t *testing.T, m mesh) {
	count(t, m.gateway(t)+"/productpage", 20, "")
	query := url.Values{"service": {"istio-ingressgateway.istio-system"}, "limit": {"20"}}
	for _, service := range []string{"productpage.default", "reviews.default", "details.default"} {
		m.Until(t, user.Prints(`"serviceName":"`+regexp.QuoteMeta(service)+`"`),
			"kubectl", "get", "--raw", "/api/v1/namespaces/istio-system/services/tracing:http-query/proxy/api/traces?"+query.Encode())
	}
}

// dashboardsAnswer opens those that are real here. The pages of Prometheus and
// Jaeger are not in their Go modules; what they show is.
func dashboardsAnswer(t *testing.T, m mesh) {
	for _, test := range []struct{ name, path, part string }{
		{"prometheus", "/api/v1/status/buildinfo", `"status":"success"`},
		{"jaeger", "/api/services", `"productpage.default"`},
		{"envoy", "/", "Envoy Admin"},
	} {
		arguments := []string{"kubectl", "istio-demo", "dashboard", test.name, "--browser=false"}
		if test.name == "envoy" {
			arguments = append(arguments, "deployment/productpage-v1", "-n", "default")
		}
		dashboard := m.Start(t, arguments...)
		wantPage(t, strings.TrimSuffix(dashboard.URL(t), "/")+test.path, "", http.StatusOK, test.part)
		dashboard.End(t, os.Interrupt)
	}
}

// logsAreShown has the logs of containers.
func logsAreShown(t *testing.T, m mesh) {
	for name, part := range map[string]string{"istiod": "Pilot K8S CRD controller synced", "istio-ingressgateway": "Envoy proxy is ready"} {
		if got := m.Run(t, "kubectl", "istio-demo", "logs", name, "--tail=-1"); got.Code != 0 || !strings.Contains(got.Stdout, part) {
			t.Errorf("logs %s: exit code %d, without %q\n%s%s", name, got.Code, part, got.Stdout, got.Stderr)
		}
	}
}

// servesMeanwhile has somebody request pages all the time while the demo is
// installed again, changed, and istiod restarts.
func servesMeanwhile(t *testing.T, m mesh) {
	page, end := m.gateway(t)+"/productpage", make(chan struct{})
	var group sync.WaitGroup
	requests := 0
	group.Go(func() {
		for ticker := time.NewTicker(50 * time.Millisecond); ; requests++ {
			select {
			case <-end:
				ticker.Stop()
				return
			case <-ticker.C:
			}
			if status, body, err := get(page, ""); err != nil || status != http.StatusOK || !strings.Contains(body, pageTitle) {
				t.Errorf("request %d: %v, status %d", requests, err, status)
			}
		}
	})
	m.mustInstall(t)
	m.mustInstall(t, "--addons=prometheus")
	m.Must(t, "kubectl", "rollout", "restart", "deployment/istiod", "-n", "istio-system")
	m.Must(t, "kubectl", "rollout", "status", "deployment/istiod", "-n", "istio-system", "--timeout=60s")
	m.mustInstall(t)
	close(end)
	group.Wait()
	if requests < 50 {
		t.Errorf("only %d requests were sent", requests)
	}
	fmt.Fprintln(t.Output(), requests, "requests were answered")
}
