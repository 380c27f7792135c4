package demo

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Address is where a sample can be opened.
type Address struct {
	// URL is empty where there is none yet, and Hint says then how to get one.
	URL  string `json:"url,omitempty"`
	Hint string `json:"hint,omitempty"`
}

// address looks for the way to the sample's gateway. What cannot be seen only
// means that there is nothing to be told.
func (s *SampleInstall) address(ctx context.Context) Address {
	if s.GatewayAPI {
		return s.ownAddress(ctx)
	}
	services, err := s.Cluster.Core.Services("").List(ctx, metav1.ListOptions{LabelSelector: "istio=ingressgateway"})
	hint := Address{Hint: "the ingress gateway has no address from outside; 'kubectl istio-demo address --forward' makes one, for the path " + s.Path}
	if err != nil || len(services.Items) == 0 {
		return hint
	}
	service := services.Items[0]
	var nodes []corev1.Node
	if service.Spec.Type == corev1.ServiceTypeNodePort {
		if list, err := s.Cluster.Core.Nodes().List(ctx, metav1.ListOptions{}); err == nil {
			nodes = list.Items
		}
	}
	if at := reach(service, nodes); at != "" {
		return Address{URL: "http://" + at + s.Path}
	}
	return hint
}

// reach gives the host and port of a Service's port for HTTP as seen from
// outside, or nothing.
func reach(service corev1.Service, nodes []corev1.Node) string {
	const web = 80
	var port *corev1.ServicePort
	for i := range service.Spec.Ports {
		if service.Spec.Ports[i].Port == web {
			port = &service.Spec.Ports[i]
		}
	}
	if port == nil {
		return ""
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if host := cmp.Or(ingress.IP, ingress.Hostname); host != "" {
			return hostPort(host, web)
		}
	}
	if service.Spec.Type != corev1.ServiceTypeNodePort || port.NodePort == 0 {
		return ""
	}
	for _, kind := range []corev1.NodeAddressType{corev1.NodeExternalIP, corev1.NodeInternalIP} {
		for _, node := range nodes {
			for _, address := range node.Status.Addresses {
				if address.Type == kind {
					return hostPort(address.Address, int(port.NodePort))
				}
			}
		}
	}
	return ""
}

// hostPort leaves out the port that URLs have anyway.
func hostPort(host string, port int) string {
	if joined := net.JoinHostPort(host, strconv.Itoa(port)); port != 80 || joined[0] == '[' {
		return joined
	}
	return host
}

// ownAddress is that of the sample's own gateway, which istiod writes down
// when it has made one.
func (s *SampleInstall) ownAddress(ctx context.Context) Address {
	gateways := gatewayAPI.WithResource("gateways")
	hint := Address{Hint: fmt.Sprintf("gateway %s/%s has no address yet; 'kubectl get gateways.gateway.networking.k8s.io -n %s' shows it when it has one", s.Namespace.Name, s.Gateway, s.Namespace.Name)}
	gateway, err := s.Cluster.Dynamic.Resource(gateways).Namespace(s.Namespace.Name).Get(ctx, s.Gateway, metav1.GetOptions{})
	if err != nil {
		return hint
	}
	addresses, _, _ := unstructured.NestedSlice(gateway.Object, "status", "addresses")
	for _, address := range addresses {
		fields, _ := address.(map[string]any)
		if host, _ := fields["value"].(string); host != "" {
			return Address{URL: "http://" + hostPort(host, 80) + s.Path}
		}
	}
	return hint
}
