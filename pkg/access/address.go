// Package access owns the ways to what runs in the cluster: the address of a
// gateway, and forwards to gateways and dashboards.
package access

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// Address finds out how to reach a gateway from here. Cluster, Namespace and
// Gateway are needed; DefaultGateway is the demo's.
type Address struct {
	Cluster   *cluster.Cluster
	Namespace string
	// Gateway is the name of its Service.
	Gateway string
	Local   Local
	Sink    event.Sink
}

// The values of Endpoint.Via.
const (
	ViaLoadBalancer = "loadbalancer"
	ViaNodePort     = "nodeport"
	ViaForward      = "forward"
)

// Endpoint is a way to a gateway. Its JSON is that of `address -o json`.
type Endpoint struct {
	// URL is what to open, Via one of the constants, Host a name or an IP
	// address, and Port from 1 to 65535.
	URL  string `json:"url"`
	Via  string `json:"via"`
	Host string `json:"host"`
	Port int    `json:"port"`
	// Node is the node whose port it is.
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace"`
	Gateway   string `json:"gateway"`
	// Why says for people why it is this way.
	Why string `json:"why"`
}

// Find returns the way to the gateway: its load balancer or else a port of the
// nodes. It takes one request, and a second one for the nodes. Its errors say
// why there is no such way and what to do, or are those of the API server.
func (a *Address) Find(ctx context.Context) (Endpoint, error) {
	ctx, cancel := a.Local.limit(ctx)
	defer cancel()
	service, port, err := a.service(ctx)
	if err != nil {
		return Endpoint{}, err
	}
	if host, from := outside(service); host != "" {
		if !IsHost(host) {
			return Endpoint{}, a.unreachable(fmt.Sprintf("%s of service %s/%s is invalid: %+.64q is neither an IP address nor a host name", from, a.Namespace, a.Gateway, host))
		}
		why := fmt.Sprintf("%s of service %s/%s", from, a.Namespace, a.Gateway)
		return a.reach(ViaLoadBalancer, host, int(port.Port), port, why), nil
	}
	why := a.pending(service)
	if port.NodePort == 0 {
		return Endpoint{}, a.unreachable(why)
	}
	node, host, kind, err := a.node(ctx, service)
	if err != nil {
		return Endpoint{}, cluster.CauseOf(ctx, err)
	}
	if host == "" {
		return Endpoint{}, a.unreachable(why + ", and no usable node has an address")
	}
	why = fmt.Sprintf("%s; using the node port of node %s at its %s", why, node, kind)
	if kind == corev1.NodeInternalIP {
		why += "; if it is unreachable from here, run '" + a.forwardCommand() + "'"
	}
	found := a.reach(ViaNodePort, host, int(port.NodePort), port, why)
	found.Node = node
	return found, nil
}

// Forward forwards a local port to the gateway until its context ends, whose
// cause it gives. It calls opened once, when it can be used. Its other errors
// say why there is no forward: that the port is taken, that there is no Service
// or that it has no pods, and ErrTimeout where Limit is over.
func (a *Address) Forward(ctx context.Context, opened func(Endpoint)) error {
	limited, cancel := a.Local.limit(ctx)
	service, port, err := a.service(limited)
	cancel()
	if err != nil {
		return err
	}
	if len(service.Spec.Selector) == 0 {
		return fmt.Errorf("service %s/%s selects no pods", a.Namespace, a.Gateway)
	}
	selector := labels.SelectorFromSet(service.Spec.Selector).String()
	forward := &podForward{
		cluster:   a.Cluster,
		namespace: a.Namespace,
		narrow:    func(options *metav1.ListOptions) { options.LabelSelector = selector },
		candidates: &candidates{none: func() error {
			return fmt.Errorf("service %s/%s has no pods; see '%s'", a.Namespace, a.Gateway, shell.Demo("status", a.Namespace))
		}},
		port:  func(pod *corev1.Pod) (int, error) { return targetPort(pod, port) },
		local: a.Local,
		opened: func(host string) {
			name, local, _ := net.SplitHostPort(host)
			number, _ := strconv.Atoi(local)
			why := fmt.Sprintf("forwarded to the pods of service %s/%s until Ctrl-C", a.Namespace, a.Gateway)
			opened(a.reach(ViaForward, name, number, port, why))
		},
		sink: a.Sink,
	}
	return forward.run(ctx)
}

// service returns the gateway's Service, and its port for HTTP.
func (a *Address) service(ctx context.Context) (*corev1.Service, corev1.ServicePort, error) {
	service, err := a.Cluster.Core.Services(a.Namespace).Get(ctx, a.Gateway, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, corev1.ServicePort{}, fmt.Errorf("service %s not found in namespace %s; run '%s', or choose another one with --gateway or -n", a.Gateway, a.Namespace, shell.Demo("install", a.Namespace))
	case err != nil:
		return nil, corev1.ServicePort{}, cluster.CauseOf(ctx, fmt.Errorf("cannot read service %s/%s: %w", a.Namespace, a.Gateway, err))
	}
	port, ok := webPort(service.Spec.Ports)
	if !ok {
		return nil, corev1.ServicePort{}, fmt.Errorf("service %s/%s has no HTTP port: no port 80 or 443, and no port name starting with http", a.Namespace, a.Gateway)
	}
	return service, port, nil
}

func (a *Address) reach(via, host string, number int, port corev1.ServicePort, why string) Endpoint {
	scheme, usual := "http", 80
	if isHTTPS(port) {
		scheme, usual = "https", 443
	}
	authority := host
	if strings.Contains(host, ":") {
		authority = "[" + host + "]"
	}
	if number != usual {
		authority = net.JoinHostPort(host, strconv.Itoa(number))
	}
	return Endpoint{URL: scheme + "://" + authority, Via: via, Host: host, Port: number, Namespace: a.Namespace, Gateway: a.Gateway, Why: why}
}

// pending says why there is no load balancer address.
func (a *Address) pending(service *corev1.Service) string {
	if service.Spec.Type == corev1.ServiceTypeLoadBalancer {
		return fmt.Sprintf("service %s/%s has no load balancer address (EXTERNAL-IP is pending)", a.Namespace, a.Gateway)
	}
	return fmt.Sprintf("service %s/%s is of type %s", a.Namespace, a.Gateway, service.Spec.Type)
}

func (a *Address) unreachable(why string) error {
	return fmt.Errorf("gateway not reachable from outside the cluster: %s; run '%s'", why, a.forwardCommand())
}

// forwardCommand returns the command that leads to the gateway from anywhere.
func (a *Address) forwardCommand() string {
	command := "kubectl istio-demo address --forward"
	if a.Namespace != "istio-system" {
		command += shell.In(a.Namespace)
	}
	if a.Gateway != DefaultGateway {
		command += shell.Line(" --gateway={}", a.Gateway)
	}
	return command
}

// DefaultGateway is the Service of the demo's ingress gateway.
const DefaultGateway = "istio-ingressgateway"

// node returns a node that has the gateway's port, and its address: one for the
// whole world if there is one.
func (a *Address) node(ctx context.Context, service *corev1.Service) (name, host string, kind corev1.NodeAddressType, err error) {
	// Of a big cluster a part will do.
	list, err := a.Cluster.Core.Nodes().List(ctx, metav1.ListOptions{Limit: 100})
	if apierrors.IsForbidden(err) {
		return "", "", "", a.unreachable("no permission to list nodes, so their addresses are unknown")
	}
	if err != nil {
		return "", "", "", fmt.Errorf("cannot list nodes: %w", err)
	}
	nodes := list.Items
	if service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
		if nodes, err = a.withPods(ctx, service, nodes); err != nil {
			return "", "", "", err
		}
	}
	name, host, kind = bestAddress(nodes)
	return name, host, kind, nil
}

// withPods leaves the nodes that have a pod of the gateway: others do not pass
// on what comes to their port, where the Service says so.
func (a *Address) withPods(ctx context.Context, service *corev1.Service, nodes []corev1.Node) ([]corev1.Node, error) {
	pods, err := a.Cluster.Core.Pods(a.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(service.Spec.Selector).String()})
	if err != nil {
		return nil, fmt.Errorf("cannot list pods: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(nodes), func(node corev1.Node) bool {
		return !slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool { return pod.Spec.NodeName == node.Name && isReady(&pod) })
	}), nil
}

// bestAddress prefers addresses for the whole world, and nodes that are ready.
func bestAddress(nodes []corev1.Node) (name, host string, kind corev1.NodeAddressType) {
	for _, ready := range []bool{true, false} {
		for _, kind := range []corev1.NodeAddressType{corev1.NodeExternalIP, corev1.NodeInternalIP} {
			for _, node := range nodes {
				if nodeReady(node) != ready {
					continue
				}
				for _, address := range node.Status.Addresses {
					if address.Type == kind && net.ParseIP(address.Address) != nil {
						return node.Name, address.Address, kind
					}
				}
			}
		}
	}
	return "", "", ""
}

func nodeReady(node corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
		return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	})
}

// outside returns an address at which a Service says it is served outside the
// cluster, and where that is from.
func outside(service *corev1.Service) (host, from string) {
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if ingress.IP != "" {
			return ingress.IP, "load balancer address"
		}
		if ingress.Hostname != "" {
			return ingress.Hostname, "load balancer host name"
		}
	}
	if len(service.Spec.ExternalIPs) > 0 {
		return service.Spec.ExternalIPs[0], "external IP"
	}
	return "", ""
}

// IsHost reports whether a text is an IP address or the name of a host, and so
// nothing else to a browser, or to a shell that has a URL in its command line.
// Not every server has checked what its controllers and nodes say.
func IsHost(text string) bool {
	return net.ParseIP(text) != nil || len(validation.IsDNS1123Subdomain(text)) == 0
}
