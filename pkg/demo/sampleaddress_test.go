package demo

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestReach finds the way from outside, if there is one.
func TestReach(t *testing.T) {
	service := func(kind corev1.ServiceType, nodePort int32, ingress ...corev1.LoadBalancerIngress) corev1.Service {
		return corev1.Service{
			Spec:   corev1.ServiceSpec{Type: kind, Ports: []corev1.ServicePort{{Port: 15021, NodePort: 31000}, {Port: 80, NodePort: nodePort}}},
			Status: corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: ingress}},
		}
	}
	nodes := []corev1.Node{{Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
		{Type: corev1.NodeHostName, Address: "one"}, {Type: corev1.NodeInternalIP, Address: "10.0.0.1"},
	}}}}
	for _, test := range []struct {
		name    string
		service corev1.Service
		nodes   []corev1.Node
		want    string
	}{
		{"an address", service(corev1.ServiceTypeLoadBalancer, 32000, corev1.LoadBalancerIngress{IP: "192.0.2.7"}), nodes, "192.0.2.7"},
		{"a name", service(corev1.ServiceTypeLoadBalancer, 32000, corev1.LoadBalancerIngress{Hostname: "lb.example.com"}), nodes, "lb.example.com"},
		{"of the other family", service(corev1.ServiceTypeLoadBalancer, 32000, corev1.LoadBalancerIngress{IP: "2001:db8::7"}), nodes, "[2001:db8::7]:80"},
		{"pending", service(corev1.ServiceTypeLoadBalancer, 32000), nodes, ""},
		{"a node's port", service(corev1.ServiceTypeNodePort, 32000), nodes, "10.0.0.1:32000"},
		{"no node to be seen", service(corev1.ServiceTypeNodePort, 32000), nil, ""},
		{"inside only", service(corev1.ServiceTypeClusterIP, 0), nodes, ""},
		{"no such port", corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort}}, nodes, ""},
	} {
		if got := reach(test.service, test.nodes); got != test.want {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}
