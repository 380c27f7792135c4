package preflight

import (
	"net/http"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestLoadBalancer(t *testing.T) {
	service := func(name string, kind corev1.ServiceType, addresses ...string) corev1.Service {
		service := corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: name}, Spec: corev1.ServiceSpec{Type: kind}}
		for _, address := range addresses {
			service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: address})
		}
		return service
	}
	services := func(items ...corev1.Service) corev1.ServiceList { return corev1.ServiceList{Items: items} }
	on := func(ids ...string) corev1.NodeList {
		var list corev1.NodeList
		for _, id := range ids {
			list.Items = append(list.Items, node("x", "amd64", "1", "1Gi", provided(id)))
		}
		return list
	}
	gateway := []LoadBalancer{{"mesh", "gateway"}}
	const pending = "warn: no load balancer implementation found: EXTERNAL-IP of mesh/gateway will stay pending, everything else works"
	const remedy = "reach it with 'kubectl istio-demo address --forward -n mesh --gateway=gateway', or run MetalLB, cloud-provider-kind or 'minikube tunnel'"
	for _, test := range []struct {
		name      string
		balancers []LoadBalancer
		nodes     any
		services  any
		want      string
		// listed tells whether services have to be looked at.
		listed bool
	}{
		{"none", nil, on(""), services(), "pass: the manifest adds no Service of type LoadBalancer", false},
		{"a cloud", gateway, on("", "aws:///eu-west-1a/i-0abc"), services(), "pass: likely to get an address: nodes are provided by aws", false},
		{"kind", gateway, on("kind://docker/kind/kind-control-plane"), services(), pending, true},
		{"no provider", gateway, on("", "minikube"), services(), pending, true},
		{"no nodes", gateway, on(), services(), pending, true},
		{"k3s with another balancer", gateway, on("k3s://node"), services(service("traefik", corev1.ServiceTypeLoadBalancer, "10.0.0.1")),
			"pass: likely to get an address: service web/traefik has one", true},
		{"others that wait", gateway, on("k3s://node"), services(service("a", corev1.ServiceTypeLoadBalancer), service("b", corev1.ServiceTypeClusterIP, "10.0.0.1")), pending, true},
		{"several", append(gateway, LoadBalancer{"mesh", "other"}), on(""), services(),
			"warn: no load balancer implementation found: EXTERNAL-IP of mesh/gateway, mesh/other will stay pending, everything else works", true},
		{"nodes that may not be seen", gateway, http.StatusForbidden, services(), "unknown: not checked: no permission to list nodes", false},
		{"services that may not be seen", gateway, on(""), http.StatusForbidden, "unknown: not checked: no permission to list services", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{answers: map[string]any{"/api/v1/nodes": test.nodes, "/api/v1/services": test.services}}
			subject := server.subject(t)
			subject.LoadBalancers = test.balancers
			results := only(t, "loadbalancer", subject)
			if got := verdicts(results); !slices.Equal(got, []string{test.want}) {
				t.Errorf("the results are %q", got)
			}
			if results[0].Verdict == Warn && results[0].Remedy != remedy {
				t.Errorf("the remedy is %q", results[0].Remedy)
			}
			if listed := slices.Contains(server.requests, "GET /api/v1/services?limit=500"); listed != test.listed {
				t.Errorf("the requests are %q", server.requests)
			}
		})
	}
}
