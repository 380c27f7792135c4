package install

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

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

// resolve upgrades the objects and finds where each lives on the cluster.
// Faults of the manifest that only the cluster can tell are InputErrors.
func (i *Install) resolve(ctx context.Context, on *state) error {
	if err := i.kinds(ctx, on); err != nil {
		return err
	}
	if err := on.upgraded.Err(); err != nil && !i.SkipUnsupported {
		return &manifest.InputError{Err: err}
	}
	// Kinds first: without its kind nobody can say where an object belongs.
	if err := unknownKinds(on.upgraded.Objects, on.kinds); err != nil {
		return &manifest.InputError{Err: err}
	}
	var err error
	on.targets, err = i.locate(on.upgraded.Objects, on.kinds)
	return err
}

// kinds finds those that the cluster serves, has the manifest upgraded to
// them, and adds those that it defines. A cluster is not asked where every one
// serves all kinds that the manifest has.
func (i *Install) kinds(ctx context.Context, on *state) error {
	on.kinds = discover.Standard()
	lacks := false
	served := func(kind schema.GroupVersionKind) bool {
		lacks = lacks || !on.kinds.Served(kind)
		return on.kinds.Served(kind)
	}
	for _, object := range slices.Concat(on.read.Objects, on.read.Withheld) {
		served(object.GroupVersionKind())
	}
	if err := i.upgradeTo(on, served); err != nil || lacks {
		return i.discover(ctx, on)
	}
	return nil
}

// discover is kinds with a cluster that is asked.
func (i *Install) discover(ctx context.Context, on *state) error {
	defer cluster.Trace(ctx, "discover kinds")()
	var err error
	if on.kinds, err = discover.Discover(ctx, i.Cluster.Discovery); err != nil {
		return err
	}
	if err := i.upgradeTo(on, on.kinds.Served); err != nil {
		return &manifest.InputError{Err: err}
	}
	for _, object := range on.upgraded.Objects {
		if manifest.IsCRD(object.Unstructured) {
			on.kinds.Define(object.Unstructured)
		}
	}
	return nil
}

// upgradeTo upgrades what was read to what is served.
func (i *Install) upgradeTo(on *state, served func(schema.GroupVersionKind) bool) error {
	var err error
	if on.upgraded, err = i.upgrade(on.read.Objects, served); err != nil {
		return err
	}
	if withheld, err := i.upgrade(on.read.Withheld, served); err == nil {
		on.withheld = withheld.Objects // to be found again among the members
	}
	return nil
}

// complete has the cluster asked for its kinds, if it was not yet.
func (i *Install) complete(ctx context.Context, on *state) error {
	if !on.kinds.Partial() {
		return nil
	}
	return i.discover(ctx, on)
}

// unserved says of which kinds the cluster has none, although every other one
// has, if that is what an error is about.
func (i *Install) unserved(ctx context.Context, on *state, failed error) error {
	var unserved *apply.UnservedError
	if !errors.As(failed, &unserved) {
		return failed
	}
	if err := i.discover(ctx, on); err != nil {
		return err
	}
	if err := unknownKinds(on.upgraded.Objects, on.kinds); err != nil {
		return &manifest.InputError{Err: err}
	}
	return failed
}

// knowsMembers tells whether it is known where the members of the inventory
// can be.
func (on *state) knowsMembers() bool {
	return !slices.ContainsFunc(on.inventory.Recorded.Kinds, func(kind schema.GroupKind) bool {
		_, found := on.kinds.Find(kind)
		return !found
	})
}

// locate gives objects of known kinds their namespaces and resources.
func (i *Install) locate(objects []manifest.Object, kinds *discover.Kinds) ([]apply.Target, error) {
	if err := manifest.Place(objects, kinds.Scope, i.Namespace); err != nil {
		return nil, &manifest.InputError{Err: err}
	}
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
			return fmt.Errorf("%s: %s is where install keeps its inventory; give it another name", object.Source, reserved)
		}
	}
	return nil
}

// unknownKinds tells the first object that the cluster cannot take, and how
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

// tellUpgrades tells what was upgraded, and what was left out; the release is
// the one judged by, if no cluster was.
func (i *Install) tellUpgrades(upgraded apiupgrade.Upgraded, release string) {
	if told := upgraded.Event(); told.Objects > 0 {
		told.Release = release
		i.Sink(told)
	}
	if i.SkipUnsupported {
		upgraded.TellSkipped(i.Sink)
	}
}
