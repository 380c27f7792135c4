package install

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// resolved is a manifest of which it is known where each object lives on the
// cluster, and what was installed before.
type resolved struct {
	manifest manifest.Manifest
	// upgraded and withheld are the objects to apply and those that are not
	// applied, in versions that the cluster serves.
	upgraded apiupgrade.Upgraded
	withheld []manifest.Object
	kinds    *discover.Kinds
	targets  []apply.Target
	// located is set once the objects were located.
	located bool
	// inventory is that of the installation; unread is why it could not be read.
	inventory *applyset.Inventory
	unread    error
	engine    *apply.Engine
}

// resolve upgrades the objects, finds where each lives on the cluster, and opens
// the inventory. Faults of the manifest that only the cluster knows are
// InputErrors.
func (i *Install) resolve(ctx context.Context, read manifest.Manifest, inventory *pendingInventory) (*resolved, error) {
	r := &resolved{manifest: read}
	if err := i.resolveKinds(ctx, r); err != nil {
		return nil, err
	}
	if err := r.upgraded.Err(); err != nil && !i.SkipUnsupported {
		return nil, &manifest.InputError{Err: err}
	}
	// Kinds first: an object of an unknown kind has no known scope.
	if err := unknownKinds(r.upgraded.Objects, r.kinds); err != nil {
		return nil, &manifest.InputError{Err: err}
	}
	var err error
	if r.targets, err = i.locate(r, r.upgraded.Objects); err != nil {
		return nil, err
	}
	return r, i.openInventory(ctx, r, inventory)
}

// openInventory waits for the inventory, and discovers the kinds of its members
// where they are unknown.
func (i *Install) openInventory(ctx context.Context, r *resolved, inventory *pendingInventory) error {
	var err error
	r.inventory, err = inventory.wait(ctx)
	if apierrors.IsForbidden(err) {
		r.unread, err = err, nil // the check of permissions says more
	}
	if err != nil {
		return err
	}
	r.engine = i.engine(r.inventory)
	r.engine.Unanswered, r.engine.BuiltIn = r.brings, r.manifest.BuiltIn
	unknown := slices.ContainsFunc(r.inventory.Recorded.Kinds, func(kind schema.GroupKind) bool {
		_, found := r.kinds.Find(kind)
		return !found
	})
	if !unknown {
		return nil
	}
	return i.discoverAll(ctx, r)
}

// resolveKinds finds the kinds that the cluster serves, upgrades the manifest to
// them, and adds those that it defines. Without a request where every cluster
// serves all kinds of the manifest.
func (i *Install) resolveKinds(ctx context.Context, r *resolved) error {
	r.kinds = discover.Standard()
	lacks := false
	served := func(kind schema.GroupVersionKind) bool {
		lacks = lacks || !r.kinds.Served(kind)
		return r.kinds.Served(kind)
	}
	for _, object := range slices.Concat(r.manifest.Objects, r.manifest.Withheld) {
		served(object.GroupVersionKind())
	}
	if err := i.upgradeTo(r, served); err != nil || lacks {
		return i.discover(ctx, r)
	}
	return nil
}

// discover asks the cluster for its kinds.
func (i *Install) discover(ctx context.Context, r *resolved) error {
	defer cluster.Trace(ctx, "discover kinds")()
	var err error
	if r.kinds, err = discover.Discover(ctx, i.Cluster.Discovery); err != nil {
		return err
	}
	if err := i.upgradeTo(r, r.kinds.Served); err != nil {
		return &manifest.InputError{Err: err}
	}
	for _, object := range r.upgraded.Objects {
		if manifest.IsCRD(object.Unstructured) {
			r.kinds.Define(object.Unstructured)
		}
	}
	return nil
}

// discoverAll is discover, unless that was done before.
func (i *Install) discoverAll(ctx context.Context, r *resolved) error {
	if !r.kinds.Partial() {
		return nil
	}
	return i.discover(ctx, r)
}

// upgradeTo upgrades the manifest to what is served.
func (i *Install) upgradeTo(r *resolved, served func(schema.GroupVersionKind) bool) error {
	var err error
	if r.upgraded, err = i.upgrade(r.manifest.Objects, served); err != nil {
		return err
	}
	if withheld, err := i.upgrade(r.manifest.Withheld, served); err == nil {
		r.withheld = withheld.Objects // to be recognized among the members
	}
	return nil
}

// unserved names the kinds that the cluster lacks although every other one has
// them, if failed is about that.
func (i *Install) unserved(ctx context.Context, r *resolved, failed error) error {
	var unserved *apply.UnservedError
	if !errors.As(failed, &unserved) {
		return failed
	}
	if err := i.discover(ctx, r); err != nil {
		return err
	}
	if err := unknownKinds(r.upgraded.Objects, r.kinds); err != nil {
		return &manifest.InputError{Err: err}
	}
	return failed
}

// locate gives objects of known kinds their namespaces, and returns them as targets
// in the order of the schedule. It warns of those that come twice, once.
func (i *Install) locate(r *resolved, objects []manifest.Object) ([]apply.Target, error) {
	kinds := r.kinds
	objects, warnings, err := manifest.Place(objects, kinds.Scope, i.Namespace, r.manifest.LastWins)
	if err != nil {
		return nil, &manifest.InputError{Err: err}
	}
	for _, warning := range warnings {
		if !r.located {
			i.Sink(event.Warning{Message: warning})
		}
	}
	r.located = true
	if err := unreserved(objects, cmp.Or(i.Inventory, applyset.ParentName), i.Namespace.Name); err != nil {
		return nil, &manifest.InputError{Err: err}
	}
	objects = schedule.Order(manifest.WithNamespace(objects, i.Namespace.Name))
	targets := make([]apply.Target, len(objects))
	for n, object := range objects {
		kind, err := kinds.Lookup(object.GroupVersionKind())
		if err != nil {
			return nil, &manifest.InputError{Err: err}
		}
		ref := manifest.Ref(object.Unstructured)
		served, _ := kinds.Find(object.GroupVersionKind().GroupKind())
		targets[n] = apply.Target{
			Ref:          ref,
			Served:       served.Resource,
			Object:       object.Unstructured,
			Resource:     kind.Resource,
			Source:       object.Source.String(),
			IfAbsent:     object.IfAbsent,
			RunsAgain:    manifest.IsJob(object.Unstructured) && manifest.HookOf(object.Unstructured).Phase != manifest.WithRest,
			Unverifiable: kinds.Defined(object.GroupVersionKind()),
		}
	}
	return targets, nil
}

// unreserved refuses an object in the inventory's place.
func unreserved(objects []manifest.Object, name, namespace string) error {
	reserved := event.Object{Kind: "ConfigMap", Namespace: namespace, Name: name}
	for _, object := range objects {
		if manifest.Ref(object.Unstructured) == reserved {
			return fmt.Errorf("%s: %s is reserved for the inventory; rename it", object.Source, reserved)
		}
	}
	return nil
}

// unknownKinds reports the first object that the cluster cannot take, and how
// many more there are.
func unknownKinds(objects []manifest.Object, kinds *discover.Kinds) error {
	var first error
	more := 0
	for _, object := range objects {
		_, err := kinds.Lookup(object.GroupVersionKind())
		switch {
		case err == nil:
		case first == nil:
			first = fmt.Errorf("%s: %s: %w", object.Source, manifest.Ref(object.Unstructured), err)
		default:
			more++
		}
	}
	switch {
	case more == 1:
		return fmt.Errorf("%w (and 1 more object that it does not serve)", first)
	case more > 1:
		return fmt.Errorf("%w (and %d more objects that it does not serve)", first, more)
	}
	return first
}

// markUnverifiable marks the objects of namespaces that a dry run cannot put
// them into, because it does not create the namespace.
func markUnverifiable(targets []apply.Target) {
	absent := map[string]bool{}
	for _, target := range targets {
		if manifest.IsNamespace(target.Object) && target.Live == nil {
			absent[target.Ref.Name] = true
		}
	}
	for i := range targets {
		if absent[targets[i].Ref.Namespace] {
			targets[i].Unverifiable = true
		}
	}
}

// upgrade is Upgrade, as far as the options want it.
func (i *Install) upgrade(objects []manifest.Object, served func(schema.GroupVersionKind) bool) (apiupgrade.Upgraded, error) {
	if !i.UpgradeAPIs {
		return apiupgrade.Upgraded{Objects: objects}, nil
	}
	return apiupgrade.All(objects, served)
}

// reportUpgrades reports what was upgraded and what was skipped; release is what
// decided it where no cluster did.
func (i *Install) reportUpgrades(upgraded apiupgrade.Upgraded, release string) {
	if report := upgraded.Event(); report.Objects > 0 {
		report.Release = release
		i.Sink(report)
	}
	upgraded.TellIneffective(i.Sink)
	if i.SkipUnsupported {
		upgraded.TellSkipped(i.Sink)
	}
}
