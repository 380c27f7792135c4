package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/pager"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// without are the schemes of provider IDs of nodes that come without load
// balancers of their own. Whoever has added one is known by the addresses
// that it has given.
var without = []string{"", "docker", "k3s", "kind", "kwok", "libvirt", "metal3", "minikube", "proxmox", "vsphere"}

// loadBalancer guesses whether Services of type LoadBalancer get an address:
// clouds give them one, and what has given one before will do so again.
func loadBalancer(_ context.Context, s *survey) ([]Result, error) {
	if s.Fresh && len(s.LoadBalancers) > 0 {
		_, _ = s.addressed() // kept, with the error
	}
	added := s.added().LoadBalancers
	if len(added) == 0 {
		return passed("the manifest adds no Service of type LoadBalancer"), nil
	}
	nodes, err := s.nodes()
	if err != nil {
		return unseen("nodes", err)
	}
	for _, node := range nodes {
		scheme, _, found := strings.Cut(node.Spec.ProviderID, "://")
		if found && !slices.Contains(without, scheme) {
			return passed(fmt.Sprintf("likely to get an address: nodes are provided by %s", scheme)), nil
		}
	}
	served, err := s.addressed()
	if err != nil {
		return unseen("services", err)
	}
	if served != "" {
		return passed(fmt.Sprintf("likely to get an address: service %s has one", served)), nil
	}
	return pending(added), nil
}

var errFound = errors.New("found")

// readAddressed returns the first Service that a load balancer has given an
// address, or nothing. The server cannot select by type.
func readAddressed(ctx context.Context, subject Subject) (string, error) {
	first := ""
	list := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return subject.Core.Services(metav1.NamespaceAll).List(ctx, options)
	}
	err := pager.New(list).EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		service := object.(*corev1.Service)
		if service.Spec.Type == corev1.ServiceTypeLoadBalancer && len(service.Status.LoadBalancer.Ingress) > 0 {
			first = service.Namespace + "/" + service.Name
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return first, err
}

// forward returns the command that leads to a gateway from here.
func forward(service LoadBalancer) string {
	command := "kubectl istio-demo address --forward"
	if service.Namespace != "istio-system" {
		command += shell.In(service.Namespace)
	}
	if service.Name != "istio-ingressgateway" {
		command += shell.Line(" --gateway={}", service.Name)
	}
	return command
}

func pending(services []LoadBalancer) []Result {
	var names []string
	for _, service := range services {
		names = append(names, service.Namespace+"/"+service.Name)
	}
	return []Result{{
		Verdict: Warn,
		Message: fmt.Sprintf("no load balancer implementation found: EXTERNAL-IP of %s will stay pending, everything else works", shortList(names)),
		Remedy:  fmt.Sprintf("reach it with '%s', or run MetalLB, cloud-provider-kind or 'minikube tunnel'", forward(services[0])),
	}}
}
