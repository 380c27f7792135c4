package uninstall

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/pager"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
)

// injectedLabel is what istiod gives to each pod that it injects a sidecar into.
const injectedLabel = "security.istio.io/tlsMode"

// Sidecars counts the pods with a sidecar that Istio injected, by namespace: they
// lose their control plane with it. The error is the API server's.
func Sidecars(ctx context.Context, cluster *cluster.Cluster) (map[string]int, error) {
	pods := cluster.Metadata.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"})
	list := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return pods.List(ctx, options)
	}
	counts := map[string]int{}
	err := pager.New(list).EachListItem(ctx, metav1.ListOptions{LabelSelector: injectedLabel}, func(object runtime.Object) error {
		pod := object.(*metav1.PartialObjectMetadata)
		counts[pod.Namespace]++
		return nil
	})
	return counts, err
}
