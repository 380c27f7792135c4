package preflight

import (
	"net/http"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestDNS(t *testing.T) {
	yes, no := true, false
	slice := func(service string, ready ...*bool) discoveryv1.EndpointSlice {
		slice := discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: service + "-x", Labels: map[string]string{"kubernetes.io/service-name": service}}}
		for _, ready := range ready {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{"10.0.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: ready}})
		}
		return slice
	}
	endpoints := func(items ...discoveryv1.EndpointSlice) discoveryv1.EndpointSliceList {
		return discoveryv1.EndpointSliceList{
			TypeMeta: metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSliceList"}, Items: items,
		}
	}
	aged := func(age time.Duration) corev1.PodList {
		return corev1.PodList{Items: []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "coredns", CreationTimestamp: metav1.NewTime(time.Now().Add(-age))}}}}
	}
	const (
		down     = "fail: cluster DNS is down: service kube-system/kube-dns has no ready endpoints, and without it proxies cannot find istiod"
		starting = "warn: cluster DNS may still be starting: service kube-system/kube-dns has no ready endpoints, and without it proxies cannot find istiod"
	)
	for _, test := range []struct {
		name            string
		endpoints, pods any
		want            string
		// requests are for the endpoints, and then for pods.
		requests int
	}{
		{"ready", endpoints(slice("kube-dns", &no, &yes)), nil, "pass: service kube-system/kube-dns has ready endpoints", 1},
		{"ready as far as is said", endpoints(slice("coredns", nil)), nil, "pass: service kube-system/coredns has ready endpoints", 1},
		{"ready in another slice", endpoints(slice("kube-dns"), slice("kube-dns", &yes)), nil, "pass: service kube-system/kube-dns has ready endpoints", 1},
		{"none", endpoints(), nil, "unknown: not checked: no Service kube-dns or coredns in namespace kube-system", 1},
		{"scaled to zero", endpoints(slice("kube-dns")), corev1.PodList{}, down, 3},
		{"broken", endpoints(slice("kube-dns", &no)), aged(time.Hour), down, 3},
		{"in two slices", endpoints(slice("kube-dns", &no), slice("kube-dns", &no)), aged(time.Hour), down, 3},
		{"of GKE", endpoints(slice("kube-dns")), http.StatusOK,
			"warn: cluster DNS may be Cloud DNS: service kube-system/kube-dns has no ready endpoints, and without it proxies cannot find istiod", 3},
		{"starting", endpoints(slice("kube-dns")), aged(time.Second), starting, 2},
		{"pods that may not be seen", endpoints(slice("kube-dns")), http.StatusForbidden, starting, 2},
		{"endpoints that may not be seen", http.StatusForbidden, nil, "unknown: not checked: no permission to list endpointslices", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			provider := "kind://a"
			if test.pods == http.StatusOK {
				provider, test.pods = "gce://project/zone/a", corev1.PodList{}
			}
			server := &apiServer{answers: map[string]any{
				"/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices": test.endpoints,
				"/api/v1/namespaces/kube-system/pods":                             test.pods,
				"/api/v1/nodes":                                                   nodes(node("x", "amd64", "1", "1Gi", provided(provider))),
			}}
			if got := verdicts(only(t, "dns", server.subject(t))); !slices.Equal(got, []string{test.want}) {
				t.Errorf("the results are %q", got)
			}
			if len(server.requests) != test.requests {
				t.Errorf("the requests are %q", server.requests)
			}
		})
	}
}
