package access

import (
	"context"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestPasted has names that a shell would run in what users are told.
func TestPasted(t *testing.T) {
	deployments := func(name, spec string) map[string]string {
		return map[string]string{"deployments": `{"apiVersion":"apps/v1","kind":"DeploymentList","items":[
			{"metadata":{"namespace":"mesh","name":` + fixture.Quote(name) + `}` + spec + `}]}`}
	}
	for _, name := range pasted.Names {
		address := &Address{Namespace: name, Gateway: name}
		dashboard := &Dashboard{Namespace: name, Name: "kiali", Cluster: connect(t, inmemory.Answers(nil))}
		scaled := &Dashboard{Namespace: "mesh", Name: "istiod", Cluster: connect(t, inmemory.Answers(deployments(name, `,"spec":{"replicas":0}`)))}
		addons := &Dashboard{Namespace: "mesh", Name: "kiali", Cluster: connect(t, inmemory.Answers(deployments(name, "")))}
		for what, message := range map[string]string{
			"address":   address.unreachable("so it is").Error(),
			"dashboard": dashboard.missing(t.Context(), dashboards["kiali"]).Error(),
			"scaled":    scaled.missing(t.Context(), dashboards["istiod"]).Error(),
			"addons":    addons.missing(t.Context(), dashboards["kiali"]).Error(),
		} {
			t.Run(what, func(t *testing.T) { pasted.Check(t, name, message) })
		}
	}
}

// hosts are what servers say, and whether it can be the host of a URL.
func hosts() map[string]bool {
	hosts := map[string]bool{
		"203.0.113.7": true, "2001:db8::7": true, "lb.example.com": true, "localhost": true,
		"Upper.example.com": false, "a_b": false, "-a": false, "a b": false, "a/b": false, "user@host": false, "a:80": false,
		"fe80::1%eth0": false, "[::1]": false, "\u0430pple.com": false, strings.Repeat("a.", 200): false,
	}
	for _, name := range pasted.Names {
		hosts[name] = false
	}
	return hosts
}

// TestHosts has a Service and a node say where they are reached.
func TestHosts(t *testing.T) {
	for host, good := range hosts() {
		for _, field := range []string{"ip", "hostname"} {
			cluster := connect(t, inmemory.Answers(map[string]string{"web": `{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"mesh","name":"web"},
				"spec":{"type":"LoadBalancer","ports":[{"port":80}]},"status":{"loadBalancer":{"ingress":[{"` + field + `":` + fixture.Quote(host) + `}]}}}`}))
			found, err := (&Address{Cluster: cluster, Namespace: "mesh", Gateway: "web", Local: Local{Limit: context.WithCancel}}).Find(t.Context())
			if good != (err == nil) || good && found.Host != host {
				t.Errorf("with %s %q it is %q, %v", field, host, found.URL, err)
			}
			if err != nil && (!strings.Contains(err.Error(), "neither an IP address nor a host name; run 'kubectl istio-demo address --forward") ||
				strings.ContainsAny(err.Error(), "\n\x00\u202e") || len(err.Error()) > 500) {
				t.Errorf("the error for %q is %v", host, err)
			}
		}
		if _, at, _ := bestAddress([]corev1.Node{node("a", true, "InternalIP", host)}); at != "" && !good {
			t.Errorf("a node is reached at %q", at)
		}
	}
}

// connectA gives the cluster of a server without a network.
func connect(t *testing.T, answer func(*http.Request) any) *cluster.Cluster {
	t.Helper()
	cluster, err := cluster.Connect(inmemory.Config(answer), nil)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}
