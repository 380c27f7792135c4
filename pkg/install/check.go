package install

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/foreign"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// CheckNames returns the checks that can be skipped, in the order of their
// results.
func CheckNames() []string { return append(preflight.Names(), foreign.Check) }

// warn reports of what stops nothing.
func (i *Install) warn(results []preflight.Result) {
	for _, result := range preflight.WithVerdict(results, preflight.Warn) {
		i.Sink(event.Warning{Message: result.Message + "; " + result.Remedy})
	}
}

// Check looks at a cluster as an install would before its first write, and ends
// there. Read, Cluster and Namespace are needed and are as in Install.
type Check struct {
	Read      func(context.Context) (manifest.Manifest, error)
	Cluster   *cluster.Cluster
	Namespace manifest.Namespace
	// Skip names the checks to leave out, as in Install.
	Skip map[string]bool
	// UpgradeAPIs and SkipUnsupported are as in Install.
	UpgradeAPIs, SkipUnsupported bool
	Sink                         event.Sink
}

// Run returns the results of all checks, in the order of CheckNames with those
// that cannot be skipped around them. Its errors are *InputError, the cause of
// the context's end, and those of the API server; that a check fails is none:
// Failed tells.
func (c *Check) Run(ctx context.Context) ([]preflight.Result, error) {
	install := &Install{
		Read: c.Read, Cluster: c.Cluster, Namespace: c.Namespace, Skip: c.Skip, Sink: c.Sink,
		UpgradeAPIs: c.UpgradeAPIs, SkipUnsupported: c.SkipUnsupported,
		DryRun: event.DryRunNone, Wait: true, Prune: true, // as it would be
		Brief: true,
	}
	install.setDefaults()
	inventory := install.readInventory(ctx)
	defer inventory.close()
	read, err := install.read(ctx)
	if err != nil {
		return nil, cluster.CauseOf(ctx, err)
	}
	for _, warning := range read.Warnings {
		install.Sink(event.Warning{Message: warning})
	}
	results, err := install.inspect(ctx, read, inventory)
	if err != nil {
		return nil, cluster.CauseOf(ctx, err)
	}
	return results, nil
}

// inspect runs the checks. Unknown kinds are one of their results, and they go on
// without these objects.
func (i *Install) inspect(ctx context.Context, read manifest.Manifest, inventory *pendingInventory) ([]preflight.Result, error) {
	r := &resolved{manifest: read}
	err := i.resolveKinds(ctx, r)
	if err != nil {
		return nil, err
	}
	i.reportUpgrades(r.upgraded, "")
	results, err := i.locateKnown(r)
	if err != nil {
		return nil, err
	}
	if err := i.openInventory(ctx, r, inventory); err != nil {
		return nil, err
	}
	c, err := i.survey(ctx, r)
	var unserved *apply.UnservedError
	if errors.As(err, &unserved) && r.kinds.Partial() {
		if err := i.discover(ctx, r); err != nil {
			return nil, err
		}
		if results, err = i.locateKnown(r); err != nil {
			return nil, err
		}
		c, err = i.survey(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	if found := append(results, c.results...); len(preflight.Failed(found)) > 0 {
		return found, nil // clearer than what could not be read
	}
	if c.unseen != nil {
		return nil, c.unseen
	}
	return i.inspectChanges(ctx, c, results)
}

// inspectChanges adds the results of the checks, and the verdict on what the server
// refuses to change.
func (i *Install) inspectChanges(ctx context.Context, c *checked, results []preflight.Result) ([]preflight.Result, error) {
	err := i.verify(ctx, c)
	results = append(results, c.results...)
	var refused *preflight.RefusedError
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(err, context.Cause(ctx))
	case errors.As(err, &refused):
		return append(results, refused.Failed...), nil
	}
	refusals := apply.Refusals(err)
	if err != nil && len(refusals) == 0 {
		return nil, err
	}
	return append(results, conflictResults(refusals)...), nil
}

// locateKnown locates the objects of kinds that the cluster has, and gives a
// result for the others.
func (i *Install) locateKnown(r *resolved) ([]preflight.Result, error) {
	known, results := i.checkKinds(r.upgraded, r.kinds)
	var err error
	r.targets, err = i.locate(r, known)
	return results, err
}

// conflictResults are the verdicts on what the server refuses to change.
func conflictResults(refusals []*apply.RefusalError) []preflight.Result {
	const name = "conflicts"
	if len(refusals) == 0 {
		return []preflight.Result{{Name: name, Verdict: preflight.Pass, Message: "no field conflicts"}}
	}
	var results []preflight.Result
	for _, refusal := range refusals {
		message := fmt.Sprintf("%s: %s: %s", refusal.Source, refusal.Ref, refusal.Message)
		results = append(results, preflight.Result{Name: name, Verdict: preflight.Fail, Message: message, Remedy: refusal.Remedy})
	}
	return results
}

// checkKinds returns the objects that the cluster can take, and a result for
// each kind that it cannot, which names the first object of the kind.
func (i *Install) checkKinds(upgraded apiupgrade.Upgraded, kinds *discover.Kinds) ([]manifest.Object, []preflight.Result) {
	const name = "kinds"
	var known []manifest.Object
	var results []preflight.Result
	fail := func(source string, ref event.Object, message, remedy string) {
		results = append(results, preflight.Result{Name: name, Verdict: preflight.Fail, Message: fmt.Sprintf("%s: %s: %s", source, ref, message), Remedy: remedy})
	}
	if !i.SkipUnsupported {
		for _, refusal := range upgraded.Refused {
			fail(refusal.Source, refusal.Object, refusal.Why.Message(), refusal.Why.Remedy+", or skip it with --skip-unsupported")
		}
	}
	seen := map[schema.GroupVersionKind]bool{}
	for _, object := range upgraded.Objects {
		_, err := kinds.Lookup(object.GroupVersionKind())
		var refused *discover.KindError
		switch {
		case !errors.As(err, &refused):
			known = append(known, object)
		case !seen[refused.Kind]:
			seen[refused.Kind] = true
			fail(object.Source.String(), manifest.Ref(object.Unstructured), refused.Message, refused.Remedy)
		}
	}
	if len(results) == 0 {
		results = []preflight.Result{{Name: name, Verdict: preflight.Pass, Message: "all kinds are served by the cluster or defined in the manifest"}}
	}
	return known, results
}
