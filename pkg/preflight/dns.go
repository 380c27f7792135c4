package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	dnsNamespace = "kube-system"
	// dnsLabels are those of the Service whose address the kubelet gives to pods,
	// of its pods and of its EndpointSlices: kube-dns almost everywhere, whatever
	// serves it, and coredns where CoreDNS's own chart made it.
	dnsLabels = "k8s-app in (kube-dns,coredns)"
	// dnsStart is how long its pods may take on a cluster that has just begun.
	dnsStart = 2 * time.Minute
)

var slicesResource = discoveryv1.SchemeGroupVersion.WithResource("endpointslices")

// dns looks for somebody who resolves names, without whom no proxy finds istiod.
// A cluster may resolve them elsewhere and have no such Service.
func dns(_ context.Context, s *survey) ([]Result, error) {
	list, err := s.Dynamic.Resource(slicesResource).Namespace(dnsNamespace).List(s.limited, metav1.ListOptions{LabelSelector: dnsLabels})
	if err != nil {
		return unseen("endpointslices", err)
	}
	if len(list.Items) == 0 {
		return notChecked("no Service kube-dns or coredns in namespace " + dnsNamespace), nil
	}
	var services []string
	for i := range list.Items {
		service := dnsNamespace + "/" + list.Items[i].GetLabels()[discoveryv1.LabelServiceName]
		if hasReadyEndpoint(&list.Items[i]) {
			return passed(fmt.Sprintf("service %s has ready endpoints", service)), nil
		}
		services = append(services, service)
	}
	slices.Sort(services)
	result := Result{
		Verdict: Fail,
		Message: fmt.Sprintf("cluster DNS is down: service %s has no ready endpoints, and without it proxies cannot find istiod", shortList(slices.Compact(services))),
		Remedy:  `check its pods with 'kubectl get pods -n kube-system -l "k8s-app in (kube-dns,coredns)"' (--skip-checks=dns continues anyway)`,
	}
	starting, err := dnsStarts(s.limited, s)
	switch {
	case starting:
		result.Verdict, result.Message = Warn, strings.Replace(result.Message, "is down", "may still be starting", 1)
	case s.hasCloudDNS():
		result.Verdict, result.Message = Warn, strings.Replace(result.Message, "is down", "may be Cloud DNS", 1)
	}
	return []Result{result}, err
}

// hasCloudDNS reports whether the cluster may be one of GKE, which can resolve
// names on its nodes and has the Service all the same, without pods.
func (s *survey) hasCloudDNS() bool {
	nodes, _ := s.nodes() // or else nobody can tell
	return slices.ContainsFunc(nodes, func(node corev1.Node) bool { return strings.HasPrefix(node.Spec.ProviderID, "gce://") })
}

// hasReadyEndpoint reports whether an EndpointSlice leads anywhere. Where nothing
// is said, an endpoint is ready.
func hasReadyEndpoint(slice *unstructured.Unstructured) bool {
	endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
	return slices.ContainsFunc(endpoints, func(endpoint any) bool {
		fields, _ := endpoint.(map[string]any)
		ready, said, _ := unstructured.NestedBool(fields, "conditions", "ready")
		return ready || !said
	})
}

// dnsStarts reports whether a pod of the cluster's DNS is new, as on a cluster
// that has just been created, or whether nobody can tell.
func dnsStarts(ctx context.Context, s *survey) (bool, error) {
	pods, err := s.Core.Pods(dnsNamespace).List(ctx, metav1.ListOptions{LabelSelector: dnsLabels})
	if apierrors.IsForbidden(err) {
		return true, nil
	} else if err != nil {
		return false, fmt.Errorf("cannot list pods: %w", err)
	}
	for i := range pods.Items {
		if time.Since(pods.Items[i].CreationTimestamp.Time) < dnsStart {
			return true, nil
		}
	}
	return false, nil
}
