package diagnose

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

const (
	// explainTimeout bounds the requests that explain one workload, and atOnce
	// how many are explained at once, each of which may cost several requests.
	explainTimeout = 5 * time.Second
	atOnce         = 16
)

// Workloads explains what holds each of some workloads back, as Workload does, and
// what several of them have in common, as Relate does. One of which the server
// tells nothing costs the others no time.
func Workloads(ctx context.Context, client typedcorev1.CoreV1Interface, workloads []*unstructured.Unstructured) (findings [][]Finding, order []int) {
	findings = make([][]Finding, len(workloads))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for n, workload := range workloads {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, explainTimeout)
			defer cancel()
			findings[n] = Workload(ctx, client, workload)
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	return findings, Relate(workloads, findings)
}
