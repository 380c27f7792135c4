package uninstall

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// installation is what is on the cluster.
type installation struct {
	source string
	// kinds are all that the cluster serves where a namespace is a member, and
	// otherwise at least those of the members.
	kinds     *discover.Kinds
	inventory *applyset.Inventory
	members   []applyset.Object
	rights    *preflight.Rights
}

// find looks for an installation. Without members there is none. What the user
// may do is asked meanwhile.
func (u *Uninstall) find(ctx context.Context) (*installation, error) {
	found := &installation{rights: preflight.NewRights(ctx, u.Cluster.Authorization)}
	all, allCtx := errgroup.WithContext(ctx)
	all.Go(func() (err error) {
		if found.inventory, err = applyset.Open(allCtx, u.Cluster.Core, u.Inventory, u.Namespace); err != nil {
			return err
		}
		return found.findMembers(allCtx, u.Cluster)
	})
	all.Go(func() error {
		_, _ = found.rights.MayAll() // the error is told when there is something to remove
		return nil
	})
	if err := all.Wait(); err != nil {
		return nil, err
	}
	found.source = found.inventory.Recorded.Source
	if !found.inventory.Exists {
		found.source = "remains of " + applyset.Describe(found.inventory.Parent.Name)
	}
	return found, nil
}

// findMembers finds the members and the kinds that are needed for them. What the
// cluster serves is asked only where members are of kinds that not every cluster
// has, or where a namespace is one, in which anything can be.
func (i *installation) findMembers(ctx context.Context, cluster *cluster.Cluster) (err error) {
	i.kinds = discover.Standard()
	standard := i.inventory.Exists && !slices.ContainsFunc(i.inventory.Recorded.Kinds, func(kind schema.GroupKind) bool {
		_, known := i.kinds.Find(kind)
		return !known
	})
	if !standard {
		if i.kinds, err = discover.Discover(ctx, cluster.Discovery); err != nil {
			return err
		}
		i.members, err = i.list(ctx, cluster)
		return err
	}
	all := i.kinds
	both, bothCtx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		i.members, err = i.list(bothCtx, cluster)
		return err
	})
	if slices.Contains(i.inventory.Recorded.Kinds, schema.GroupKind{Kind: "Namespace"}) {
		both.Go(func() (err error) {
			all, err = discover.Discover(bothCtx, cluster.Discovery)
			return err
		})
	}
	err = both.Wait()
	i.kinds = all
	return err
}

// list returns the members. Where the parent is gone they may still be there: an
// uninstall keeps CRDs that the user's objects live in, an install that
// is killed at the right moment leaves a namespace, and somebody may have
// deleted the parent.
func (i *installation) list(ctx context.Context, cluster *cluster.Cluster) ([]applyset.Object, error) {
	if i.inventory.Exists {
		return i.inventory.Members(ctx, cluster.Metadata, i.kinds, i.inventory.Recorded)
	}
	return i.inventory.Search(ctx, cluster.Metadata, i.kinds)
}
