package install

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/foreign"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// checked is a resolved manifest that may be applied, as far as anybody can tell
// before the first write.
type checked struct {
	*resolved
	results []preflight.Result
	subject preflight.Subject
	// members are those of the inventory. Stale ones are not in the manifest, and
	// withheld ones are in it and not applied.
	members, stale, withheldMembers []applyset.Object
	// unseen is why something could not be read. Failed checks explain that better.
	unseen error
	// unrestricted is set where the user may do everything.
	unrestricted bool
	// nodes are those of the cluster, as far as a check has read them.
	nodes []corev1.Node
}

// present reports whether every node that takes pods has an image. Nodes name the
// largest images that they have (nodeStatusMaxImages of the kubelet's
// configuration); one that names none is taken to have none.
func (c *checked) present(image string) bool {
	lacks := func(node corev1.Node) bool {
		return !node.Spec.Unschedulable && !slices.ContainsFunc(node.Status.Images, func(known corev1.ContainerImage) bool { return slices.Contains(known.Names, image) })
	}
	return len(c.nodes) > 0 && !slices.ContainsFunc(c.nodes, lacks)
}

// check runs all checks, has the server verify the changes, and reports warnings.
// Targets whose existence the user may not see are left out: where such a
// namespace does not exist, its first object says so.
func (i *Install) check(ctx context.Context, r *resolved) (*checked, error) {
	c, err := i.examine(ctx, r)
	if c != nil {
		i.warn(c.results)
	}
	if err != nil {
		return nil, err
	}
	r.targets = slices.DeleteFunc(r.targets, func(target apply.Target) bool { return target.Hidden })
	return c, nil
}

// examine is check without its reports.
func (i *Install) examine(ctx context.Context, r *resolved) (*checked, error) {
	c, err := i.survey(ctx, r)
	if err != nil {
		return nil, i.unserved(ctx, r, err)
	}
	if failed := preflight.Failed(c.results); len(failed) > 0 {
		return nil, &preflight.RefusedError{Failed: failed}
	}
	if c.unseen != nil {
		return nil, c.unseen
	}
	return c, i.verify(ctx, c)
}

// confirm asks before the first write. Anything can happen while a question
// waits, so everything is examined again after it; nothing is pruned that was not
// listed before.
func (i *Install) confirm(ctx context.Context, c *checked) (*checked, error) {
	pruning, replaces := i.replacement(c)
	if i.Confirm == nil && !replaces || c.engine.DryRun {
		return c, nil
	}
	if replaces {
		if err := i.ConfirmPrune(ctx, pruning); err != nil {
			return nil, err
		}
	}
	if i.Confirm != nil {
		if err := i.Confirm(ctx); err != nil {
			return nil, err
		}
	}
	again, err := i.examine(ctx, c.resolved)
	if err != nil {
		return nil, err
	}
	again.stale = applyset.Intersect(again.stale, c.stale)
	return again, nil
}

// survey runs the checks, and reads meanwhile what the install needs of the
// cluster.
func (i *Install) survey(ctx context.Context, r *resolved) (*checked, error) {
	defer cluster.Trace(ctx, "survey the cluster")()
	var (
		c                  = &checked{resolved: r}
		beside             []foreign.Holder
		observed, unlisted error
	)
	all, allCtx := errgroup.WithContext(ctx)
	subject, known := i.subject(r), make(chan struct{})
	subject.Rights = preflight.NewRights(allCtx, i.Cluster.Authorization)
	subject.Nodes = func(ctx context.Context) (nodes []corev1.Node, err error) {
		if c.nodes == nil { // or the room for updates would be looked up with a second list
			c.nodes, err = preflight.Nodes(ctx, i.Cluster.Core)
		}
		return c.nodes, err
	}
	subject.Added = func() preflight.Added {
		<-known
		return added(r.targets)
	}
	subject.Leaves = func(object *unstructured.Unstructured) bool {
		is := func(target apply.Target) bool { return target.Ref == manifest.Ref(object) }
		return i.Prune && applyset.IsMember(object, r.inventory.ID()) && !slices.ContainsFunc(r.targets, is)
	}
	c.subject = subject
	all.Go(func() error {
		defer close(known)
		observed = r.engine.Observe(ctx, r.targets)
		return nil
	})
	all.Go(func() (err error) {
		c.results, err = preflight.Run(allCtx, subject)
		return err
	})
	all.Go(func() error {
		c.members, unlisted = r.inventory.Members(allCtx, i.Cluster.Metadata, r.kinds, r.inventory.Recorded)
		return nil
	})
	if !i.Skip[foreign.Check] {
		all.Go(func() (err error) {
			beside, err = foreign.AnotherIstio(allCtx, i.Cluster.Metadata, r.inventory.ID(), r.targets)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	var unserved *apply.UnservedError
	if errors.As(observed, &unserved) {
		return nil, unserved
	}
	if !i.Skip["permissions"] {
		c.unrestricted, _ = subject.Rights.MayAll() // an error has ended the checks
	}
	if apierrors.IsForbidden(unlisted) && !i.Prune {
		unlisted = nil // they stay, wherever they are
	}
	c.unseen = errors.Join(observed, r.unread, unlisted)
	return c, i.checkOwners(ctx, c, beside)
}

// checkOwners adds the verdict on objects of other owners, and on another Istio.
func (i *Install) checkOwners(ctx context.Context, c *checked, beside []foreign.Holder) error {
	others, err := foreign.Find(ctx, i.Cluster.Metadata, c.inventory.ID(), c.targets, i.Adopt)
	if err != nil {
		return err
	}
	if i.Adopt {
		for _, other := range others {
			i.Sink(event.Warning{Message: other.Adopted()})
		}
		others = nil
	}
	if results := foreign.Results(others, beside, c.targets); !i.Skip[foreign.Check] || len(preflight.Failed(results)) > 0 {
		c.results = append(c.results, results...)
	}
	return nil
}

// verify makes the targets members of the inventory, and has the server verify
// what it may refuse to change.
func (i *Install) verify(ctx context.Context, c *checked) error {
	defer cluster.Trace(ctx, "have the server verify changes")()
	c.stale, c.withheldMembers = spare(c.withheld, leftovers(c.members, c.targets), i.Namespace.Name)
	if err := i.refuseReplacement(c); err != nil {
		return err
	}
	enroll(c.inventory, c.targets)
	markUnverifiable(c.targets)
	if err := c.engine.Verify(ctx, c.targets); err != nil {
		return err
	}
	return i.checkSurge(ctx, c)
}
