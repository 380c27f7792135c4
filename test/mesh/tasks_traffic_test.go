package mesh

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// workloads are what tasks use besides Bookinfo: a client, two versions of
// httpbin and of tcp-echo, fortio, and what decides in place of the proxies.
var workloads = workload("client", "", debian, "command: [sleep, infinity]") +
	workload("httpbin", "v1", httpbin, "ports: [{containerPort: 8080}]") +
	workload("httpbin", "v2", httpbin, "ports: [{containerPort: 8080}]") + `---
apiVersion: v1
kind: Service
metadata: {name: httpbin}
spec: {selector: {app: httpbin}, ports: [{name: http, port: 8000, targetPort: 8080}]}
` + workload("tcp-echo", "v1", "registry.istio.io/release/tcp-echo-server:1.3", `args: ["9000,9001", one]`) +
	workload("tcp-echo", "v2", "registry.istio.io/release/tcp-echo-server:1.3", `args: ["9000,9001", two]`) + `---
apiVersion: v1
kind: Service
metadata: {name: tcp-echo}
spec: {selector: {app: tcp-echo}, ports: [{name: tcp, port: 9000}, {name: tcp-other, port: 9001}]}
` + workload("fortio", "", fortio, "ports: [{containerPort: 8080}]") +
	workload("ext-authz", "", "registry.istio.io/testing/ext-authz:latest", "ports: [{containerPort: 8000}]") + `---
apiVersion: v1
kind: Service
metadata: {name: ext-authz}
spec: {selector: {app: ext-authz}, ports: [{name: http, port: 8000}]}
`

// workload is a Deployment of one container named main, in the default namespace.
func workload(app, version, image, more string) string {
	name := strings.TrimSuffix(app+"-"+version, "-")
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s}
spec:
  selector: {matchLabels: {app: %s, version: "%s"}}
  template:
    metadata: {labels: {app: %s, version: "%s"}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: "%s", %s}]}
`, name, app, version, app, version, image, more)
}

// subsets name the versions of a service.
func subsets(host, more string) string {
	return fmt.Sprintf(`---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: %s}
spec: {host: %s, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]%s}
`, host, host, more)
}

// wantFromMesh runs a command in the client until it prints what is wanted.
func (m mesh) wantFromMesh(t *testing.T, pattern string, command ...string) {
	t.Helper()
	m.Until(t, user.Prints(pattern), append([]string{"kubectl", "exec", "deployment/client", "-c", "main", "--"}, command...)...)
}

// status has curl print the status of an answer.
func status(arguments ...string) []string {
	return append([]string{"curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}"}, arguments...)
}

const tcpGateway = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: tcp-echo}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 31400, name: tcp, protocol: TCP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: tcp-echo}
spec:
  hosts: ["*"]
  gateways: [tcp-echo]
  tcp:
  - match: [{port: 31400}]
    route:
    - {destination: {host: tcp-echo, port: {number: 9000}, subset: v1}, weight: WEIGHT1}
    - {destination: {host: tcp-echo, port: {number: 9000}, subset: v2}, weight: WEIGHT2}
`

// tcpShifts sends connections to one version, and then a part of them to another.
func tcpShifts(t *testing.T, m mesh) {
	address := m.nodePort(t, 31400)
	weights := func(first, second string) string {
		return subsets("tcp-echo", "") + strings.NewReplacer("WEIGHT1", first, "WEIGHT2", second).Replace(tcpGateway)
	}
	defer m.apply(t, weights("100", "0"))()
	deadline := time.Now().Add(30 * time.Second)
	for echoes(address, 20)["one"] < 20 {
		if time.Now().After(deadline) {
			t.Fatal("version one does not get all connections")
		}
	}
	m.MustPipe(t, weights("80", "20"), "kubectl", "apply", "-f", "-")
	for echoes(address, 20)["two"] == 0 {
		if time.Now().After(deadline) {
			t.Fatal("version two gets no connections")
		}
	}
	const connections = 200
	got := echoes(address, connections)
	if low, high := binomialBounds(connections, 0.2, 1e-6); got["two"] < low || got["two"] > high || got["one"]+got["two"] != connections {
		t.Errorf("the versions got %v of %d connections; two should get 20%%: %d to %d", got, connections, low, high)
	}
}

// echoes counts which version answered to connections, one after the other.
func echoes(address string, connections int) map[string]int {
	found := map[string]int{}
	for range connections {
		connection, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			return found
		}
		_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = fmt.Fprintln(connection, "date")
		answer := make([]byte, 64)
		n, _ := connection.Read(answer)
		connection.Close()
		version, _, _ := strings.Cut(string(answer[:n]), " ")
		found[version]++
	}
	return found
}

// nodePort is where a port of the ingress gateway can be reached from here.
func (m mesh) nodePort(t *testing.T, port int) string {
	t.Helper()
	address, err := url.Parse(m.gateway(t))
	if err != nil {
		t.Fatal(err)
	}
	number := m.Must(t, "kubectl", "get", "service", "istio-ingressgateway", "-n", "istio-system", "-o", fmt.Sprintf("jsonpath={.spec.ports[?(@.port==%d)].nodePort}", port))
	return net.JoinHostPort(address.Hostname(), strings.TrimSpace(number))
}

// circuitBreaks has a proxy refuse requests that would have to wait.
func circuitBreaks(t *testing.T, m mesh) {
	load := []string{"kubectl", "exec", "deployment/fortio", "-c", "main", "--", "/usr/bin/fortio", "load", "-c", "4", "-qps", "0", "-n", "40", "-loglevel", "Warning", "http://httpbin:8000/delay/0.02"}
	m.Until(t, user.Prints(`Code 200 : 40 \(100`), load...)
	defer m.apply(t, subsets("httpbin", `, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1, maxRequestsPerConnection: 1}}}`))()
	m.Until(t, user.Prints(`Code 503 : [1-9]`), load...)
}

const mirror = `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: httpbin}
spec:
  hosts: [httpbin]
  http: [{route: [{destination: {host: httpbin, subset: v1}}], mirror: {host: httpbin, subset: v2}, mirrorPercentage: {value: 100}}]
`

// mirrorGetsRequests has a second version get a copy of each request.
func mirrorGetsRequests(t *testing.T, m mesh) {
	defer m.apply(t, subsets("httpbin", "")+mirror)()
	for _, version := range []string{"v1", "v2"} {
		m.Until(t, func(got user.Result) bool {
			m.wantFromMesh(t, "200", status("http://httpbin:8000/anything/mirrored")...)
			return user.Prints("/anything/mirrored")(got)
		}, "kubectl", "logs", "deployment/httpbin-"+version, "-c", "main", "--tail=-1")
	}
}

const secureGateway = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: secure}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [example.com], tls: {mode: SIMPLE, credentialName: example}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: secure}
spec:
  hosts: [example.com]
  gateways: [secure]
  http: [{route: [{destination: {host: httpbin, port: {number: 8000}}}]}]
`

// gatewayEncrypts has the gateway answer with a certificate of the user's.
func gatewayEncrypts(t *testing.T, m mesh) {
	certified := httptest.NewTLSServer(nil) // for its certificate, of example.com
	defer certified.Close()
	key, err := x509.MarshalPKCS8PrivateKey(certified.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	m.Must(t, "kubectl", "create", "secret", "tls", "example", "-n", "istio-system",
		"--cert="+user.File(t, "tls.crt", block("CERTIFICATE", certified.Certificate().Raw)), "--key="+user.File(t, "tls.key", block("PRIVATE KEY", key)))
	defer m.Must(t, "kubectl", "delete", "secret", "example", "-n", "istio-system")
	defer m.apply(t, secureGateway)()
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	address := m.nodePort(t, 443)
	encrypted := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
		DisableKeepAlives: true,
	}}
	deadline := time.Now().Add(30 * time.Second)
	for {
		response, err := encrypted.Get("https://example.com/status/418")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusTeapot {
				return
			}
			err = fmt.Errorf("status %d", response.StatusCode)
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond) // nothing tells when a proxy has heard
	}
}
