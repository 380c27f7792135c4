package cluster

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
)

// proxy does what kube-proxy does on nodes, for the Services of one of the
// programs that really run: their addresses are this machine's, and lead to the
// pod that is ready.
type proxy struct {
	client kubernetes.Interface
	// forwarded is the address to which kwok leads what is forwarded to a pod.
	forwarded string
	listeners map[string]net.Listener
	// pod is the address of the pod that they lead to.
	pod atomic.Pointer[string]
}

func newProxy(client kubernetes.Interface, forwarded string) *proxy {
	return &proxy{client: client, forwarded: forwarded, listeners: map[string]net.Listener{}}
}

// lead leads every Service that selects a pod to the pod's address, and does
// so with what is forwarded to pods.
func (p *proxy) lead(ctx context.Context, pod *corev1.Pod, address string) error {
	p.pod.Store(&address)
	services, err := p.client.CoreV1().Services(pod.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	targets := map[string]string{}
	for _, port := range pod.Spec.Containers[0].Ports {
		number := fmt.Sprint(port.ContainerPort)
		targets[net.JoinHostPort(p.forwarded, number)] = number
	}
	for _, service := range services.Items {
		chosen := len(service.Spec.Selector) > 0 && labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels))
		if !chosen || net.ParseIP(service.Spec.ClusterIP) == nil {
			continue
		}
		for _, port := range service.Spec.Ports {
			targets[net.JoinHostPort(service.Spec.ClusterIP, fmt.Sprint(port.Port))] = fmt.Sprint(cmp.Or(portNumber(&pod.Spec.Containers[0], port.TargetPort), int(port.Port)))
		}
	}
	for at, listener := range p.listeners {
		if targets[at] == "" {
			listener.Close()
			delete(p.listeners, at)
		}
	}
	for at, port := range targets {
		if p.listeners[at] != nil {
			continue
		}
		if err := p.listen(at, port); err != nil {
			return err
		}
	}
	return nil
}

func (p *proxy) listen(at, port string) error {
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return err
	}
	if host != p.forwarded {
		if err := addAddress(host); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	p.listeners[at] = listener
	go lead(listener, func() string { return net.JoinHostPort(*p.pod.Load(), port) })
	return nil
}

// close has the Services refuse connections, as where no pod is ready.
func (p *proxy) close() {
	for at, listener := range p.listeners {
		listener.Close()
		delete(p.listeners, at)
	}
}
