package install

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// checkSurge adds the verdict on the room for updates of existing Deployments. The
// nodes are read only if there is one.
func (i *Install) checkSurge(ctx context.Context, c *checked) error {
	const name = "capacity"
	var changed []preflight.Workload
	for _, target := range c.targets {
		if workload, hasPods := workloadOf(target); hasPods && surges(target) && workload.Replicas > 0 {
			changed = append(changed, workload)
		}
	}
	if len(changed) == 0 || i.Skip[name] {
		return nil
	}
	results, err := preflight.Surge(ctx, c.subject, changed)
	if err != nil || len(results) == 0 {
		return err
	}
	at := slices.IndexFunc(c.results, func(result preflight.Result) bool { return result.Name == name })
	if at >= 0 && c.results[at].Verdict == preflight.Pass {
		c.results = slices.Delete(c.results, at, at+1)
	}
	c.results = slices.Insert(c.results, max(at, 0), results...)
	return nil
}

// surges reports whether an existing object is updated by adding pods before others
// go.
func surges(target apply.Target) bool {
	kind, _, _ := unstructured.NestedString(target.Object.Object, "spec", "strategy", "type")
	return target.Changes && kindOf(target) == (schema.GroupKind{Group: "apps", Kind: "Deployment"}) && kind != "Recreate"
}
