package apply_test

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
)

func ExampleWaveOf() {
	for _, kind := range []schema.GroupKind{
		{Kind: "Namespace"},
		{Kind: "ServiceAccount"},
		{Kind: "Service"},
		{Group: "apps", Kind: "Deployment"},
		{Group: "networking.istio.io", Kind: "Gateway"},
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"},
	} {
		fmt.Printf("%s: %s\n", kind.Kind, apply.WaveOf(kind).Title())
	}
	// Output:
	// Namespace: namespaces and definitions
	// ServiceAccount: accounts and roles
	// Service: bindings, configuration, services
	// Deployment: workloads and custom resources
	// Gateway: workloads and custom resources
	// ValidatingWebhookConfiguration: admission webhooks and API services
}
