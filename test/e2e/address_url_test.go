package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	gateway "github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/access"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// gateways are Services of all the types that a gateway can have. The lowest
// 86 node ports are the last that other Services get by themselves (KEP-3668).
const gateways = `apiVersion: v1
kind: Service
metadata: {name: balanced}
spec:
  type: LoadBalancer
  selector: {app: none}
  ports: [{name: status-port, port: 15021}, {name: http2, port: 80, targetPort: 8080, nodePort: 30001}, {name: https, port: 443, nodePort: 30002}]
---
apiVersion: v1
kind: Service
metadata: {name: on-nodes}
spec:
  type: NodePort
  selector: {app: none}
  ports: [{name: https, port: 443, nodePort: 30003}]
---
apiVersion: v1
kind: Service
metadata: {name: local}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: none}
  ports: [{name: http2, port: 80, nodePort: 30004}]
---
apiVersion: v1
kind: Service
metadata: {name: inside}
spec:
  selector: {app: none}
  ports: [{name: http2, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: webless}
spec:
  selector: {app: none}
  ports: [{name: tcp, port: 31400}]
`

// TestAddressURL finds the ways to gateways, with as few requests as that takes.
func TestAddressURL(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	u.Must(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "gateways.yaml", gateways), "-n", "gateways", "--wait=false", "--skip-checks=loadbalancer")
	recorder := apiproxy.New(t, control.Kubeconfig)
	recorded := user.New(t, recorder.Kubeconfig)
	for _, test := range []struct {
		// status is what a load balancer says.
		status, gateway string
		url, why        string
		requests        int
	}{
		{"", "balanced", `http://[0-9.]+:30001`, `service gateways/balanced has no load balancer address \(EXTERNAL-IP is pending\); using the node port of node node-\d+ at its InternalIP; if it is unreachable from here, run 'kubectl istio-demo address --forward -n gateways --gateway=balanced'`, 2},
		{"", "on-nodes", `https://[0-9.]+:30003`, `service gateways/on-nodes is of type NodePort; .*`, 2},
		{`{"ip":"203.0.113.7"}`, "balanced", `http://203\.0\.113\.7`, `load balancer address of service gateways/balanced`, 1},
		{`{"hostname":"lb.example.com"}`, "balanced", `http://lb\.example\.com`, `load balancer host name of service gateways/balanced`, 1},
		{`{"ip":"2001:db8::7"}`, "balanced", `http://\[2001:db8::7\]`, `load balancer address of service gateways/balanced`, 1},
	} {
		t.Run(test.gateway+test.status, func(t *testing.T) {
			if test.status != "" {
				u.Must(t, "kubectl", "patch", "service", test.gateway, "-n", "gateways", "--subresource=status", "--type=merge", "-p", `{"status":{"loadBalancer":{"ingress":[`+test.status+`]}}}`)
			}
			recorder.Drain()
			got := recorded.Run(t, "kubectl", "istio-demo", "address", "-n", "gateways", "--gateway", test.gateway)
			requests, _ := recorder.Drain()
			if got.Code != 0 || len(requests) != test.requests {
				t.Errorf("exit code %d, requests %q", got.Code, requests)
			}
			wantLines(t, got.Stdout, test.url)
			wantLines(t, got.Stderr, test.why)
		})
	}
	var read gateway.Endpoint
	answer := u.Must(t, "kubectl", "istio-demo", "address", "-n", "gateways", "--gateway=balanced", "-o", "json")
	if err := json.Unmarshal([]byte(answer), &read); err != nil || read.URL != "http://[2001:db8::7]" || read.Via != gateway.ViaLoadBalancer ||
		read.Host != "2001:db8::7" || read.Port != 80 || read.Namespace != "gateways" || read.Gateway != "balanced" || read.Why == "" {
		t.Errorf("it is %+v, %v", read, err)
	}
}

// TestAddressErrors are one line each, with what helps.
func TestAddressErrors(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	u.Must(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "gateways.yaml", strings.ReplaceAll(gateways, "3000", "3001")), "-n", "nearby", "--wait=false", "--skip-checks=loadbalancer")
	u.Must(t, "kubectl", "create", "role", "sees-services", "-n", "nearby", "--verb=get", "--resource=services")
	u.Must(t, "kubectl", "create", "rolebinding", "sees-services", "-n", "nearby", "--role=sees-services", "--user=visitor")
	u.Until(t, user.Succeeds, "kubectl", "auth", "can-i", "get", "services", "-n", "nearby", "--as", "visitor")
	const outside = `error: gateway not reachable from outside the cluster: `
	for _, test := range []struct {
		flags string
		code  int
		want  string
	}{
		{"-n nowhere", 1, `error: service istio-ingressgateway not found in namespace nowhere; run 'kubectl istio-demo install -n nowhere', or choose another one with --gateway or -n`},
		{"-n nearby --gateway inside", 1, outside + `service nearby/inside is of type ClusterIP; run 'kubectl istio-demo address --forward -n nearby --gateway=inside'`},
		{"-n nearby --gateway local", 1, outside + `service nearby/local has no load balancer address \(EXTERNAL-IP is pending\), and no usable node has an address; .*`},
		{"-n nearby --gateway webless", 1, `error: service nearby/webless has no HTTP port: .*`},
		{"-n nearby --gateway balanced --as visitor", 1, outside + `no permission to list nodes, .*; run '.* --forward -n nearby --gateway=balanced'`},
		{"-n nearby --as nobody", 1, `error: cannot read service nearby/istio-ingressgateway: .* is forbidden: .*`},
		{"-n nearby --gateway inside --forward", 1, `error: service nearby/inside has no pods; see 'kubectl istio-demo status -n nearby'`},
		{"--gateway a/b", 2, `error: invalid --gateway "a/b": .*`},
		{"--port 8080", 2, `error: --port requires --forward`},
		{"-o name", 2, `error: unknown output format "name"; use json or yaml`},
		{"--timeout 1ns", 3, `error: timed out after 1ns`},
		{"gateway", 2, `error: kubectl istio-demo address takes no arguments, but got "gateway"`},
	} {
		t.Run(test.flags, func(t *testing.T) {
			got := u.Run(t, append([]string{"kubectl", "istio-demo", "address"}, strings.Fields(test.flags)...)...)
			if lines := got.Errors(); got.Code != test.code || len(lines) != 1 || !regexp.MustCompile("^"+test.want+"$").MatchString(lines[0]) || got.Stdout != "" {
				t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
			}
		})
	}
}

// TestAddressForward reaches the demo's own gateway.
func TestAddressForward(t *testing.T) {
	u := controlplane.SharedDemo(t)
	controlplane.ServePods(t, controlplane.Shared(t), 8080, controlplane.Echo) // where port 80 of the Service leads to
	plain := u.Start(t, "kubectl", "istio-demo", "address", "--forward", "--address=::1")
	url := plain.URL(t)
	if !regexp.MustCompile(`^http://\[::1\]:\d+$`).MatchString(url) {
		t.Errorf("the URL is %s", url)
	}
	controlplane.WantEcho(t, url+"/productpage", "/productpage")
	plain.Interrupt(t)

	structured := u.Start(t, "kubectl", "istio-demo", "address", "--forward", "-o", "yaml")
	var lines []string
	for len(lines) < 7 && structured.Stdout.Scan() {
		lines = append(lines, structured.Stdout.Text())
	}
	structured.Interrupt(t)
	wantLines(t, strings.Join(lines, "\n")+"\n", `gateway: istio-ingressgateway`, `host: localhost`, `namespace: istio-system`,
		`port: \d+`, `url: http://localhost:\d+`, `via: forward`, `why: forwarded to .*`)
}
