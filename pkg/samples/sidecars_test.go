package samples

import (
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
)

// TestHasSidecar knows both forms of a sidecar, and no other container.
func TestHasSidecar(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	named := func(name string) corev1.Container { return corev1.Container{Name: name} }
	for _, test := range []struct {
		name string
		spec corev1.PodSpec
		want bool
	}{
		{"none", corev1.PodSpec{Containers: []corev1.Container{named("reviews")}}, false},
		{"beside", corev1.PodSpec{Containers: []corev1.Container{named("istio-proxy"), named("reviews")}}, true},
		{"before", corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "istio-proxy", RestartPolicy: &always}},
			Containers:     []corev1.Container{named("reviews")},
		}, true},
		{"one that ends", corev1.PodSpec{InitContainers: []corev1.Container{named("istio-proxy")}}, false},
		{"its preparation only", corev1.PodSpec{InitContainers: []corev1.Container{named("istio-init")}}, false},
	} {
		if got := hasSidecar(corev1.Pod{Spec: test.spec}); got != test.want {
			t.Errorf("%s: got %t", test.name, got)
		}
	}
}

// TestPodsOf takes the pods of the sample alone, and none that is going.
func TestPodsOf(t *testing.T) {
	deployment := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "reviews-v1"},
		"spec": map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": "reviews", "version": "v1"}}},
	}}
	results := []install.Result{
		{Ref: event.Object{Kind: "Service"}, Stored: &unstructured.Unstructured{}},
		{Ref: event.Object{Group: "apps", Kind: "Deployment"}, Stored: deployment},
	}
	pod := func(name, version string) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "reviews", "version": version, "hash": "1"}}}
	}
	going := pod("going", "v1")
	going.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	got := podsOf(results, []corev1.Pod{pod("there", "v1"), pod("another", "v2"), going})
	if len(got) != 1 || got[0].Name != "there" {
		t.Errorf("got %v", got)
	}
}

// injectorIn is the injection webhook of an istiod in a namespace.
func injectorIn(namespace string) []admissionv1.MutatingWebhookConfiguration {
	service := admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: namespace, Name: "istiod"}}
	return []admissionv1.MutatingWebhookConfiguration{{Webhooks: []admissionv1.MutatingWebhook{{ClientConfig: service}}}}
}

// TestWithoutSidecar names the first thing that is lacking, and what to do.
func TestWithoutSidecar(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	at := func(hours int) *metav1.Time { return &metav1.Time{Time: noon.Add(time.Duration(hours) * time.Hour)} }
	labelled := namespaceOf(map[string]string{"istio-injection": "enabled"}, "kubectl")
	labelled.ManagedFields[0].Time = at(0)
	hooks := injectorIn("mesh")
	for _, test := range []struct {
		name        string
		created     *metav1.Time
		around      injectionState
		why, remedy string
	}{
		{"no Istio, no label", at(1), injectionState{namespace: namespaceOf(nil)}, "the cluster has no sidecar injector (no such webhook), and the namespace is not labelled for injection", "install Istio with"},
		{"no Istio", at(1), injectionState{namespace: labelled}, "the cluster has no sidecar injector (no such webhook)", "install Istio with"},
		{"no label", at(1), injectionState{namespace: namespaceOf(nil), injectors: hooks}, "namespace shop is not labelled for injection", "run 'kubectl label namespace shop istio-injection=enabled' and then 'kubectl rollout restart deployment details-v1 reviews-v1 -n shop'"},
		{"no label, and Istio cannot be seen", at(1), injectionState{namespace: namespaceOf(nil), hidden: true}, "namespace shop is not labelled for injection", "run 'kubectl label"},
		{"no service", at(1), injectionState{namespace: labelled, injectors: hooks, gone: "istio-system/istiod"}, "service istio-system/istiod of the injection webhook does not exist", "reinstall Istio with 'kubectl istio-demo install -n mesh'"},
		{"older than the label", at(-1), injectionState{namespace: labelled, injectors: hooks}, "these pods were created before the namespace was labelled", "run 'kubectl rollout restart deployment details-v1 reviews-v1 -n shop'"},
		{"younger", at(1), injectionState{namespace: labelled, injectors: hooks}, "the injection webhook skipped these pods: Istio was not ready when they were created, or the webhook did not answer", "check istiod with 'kubectl istio-demo status -n mesh'"},
		{"nothing can be seen", at(1), injectionState{hidden: true}, "the injection webhook skipped these pods: Istio was not ready when they were created, or the webhook did not answer", "check istiod"},
	} {
		pods := []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: *test.created}}}
		why, remedy := withoutSidecar(pods, test.around, "shop", []string{"details-v1", "reviews-v1"})
		if why != test.why || !strings.HasPrefix(remedy, test.remedy) || !strings.Contains(remedy, "'kubectl rollout restart deployment details-v1 reviews-v1 -n shop'") {
			t.Errorf("%s: %s; %s", test.name, why, remedy)
		}
	}
}
