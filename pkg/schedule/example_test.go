package schedule_test

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

func ExampleGroupOf() {
	for _, kind := range []schema.GroupKind{
		{Kind: "Namespace"},
		{Kind: "ServiceAccount"},
		{Kind: "Service"},
		{Group: "apps", Kind: "Deployment"},
		{Group: "networking.istio.io", Kind: "Gateway"},
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"},
	} {
		fmt.Printf("%s: %s\n", kind.Kind, schedule.GroupOf(kind).Title())
	}
	// Output:
	// Namespace: namespaces and CRDs
	// ServiceAccount: service accounts and roles
	// Service: bindings, configuration, services
	// Deployment: workloads and custom resources
	// Gateway: workloads and custom resources
	// ValidatingWebhookConfiguration: admission webhooks and API services
}
