package demo

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// installation is what is on the cluster.
type installation struct {
	source string
	// kinds are all that the cluster serves where a namespace is a member, and
	// otherwise at least those of the members.
	kinds   *discover.Kinds
	book    *ledger
	members []inventory.Object
	rights  *preflight.Rights
}

// find looks for an installation. Without members there is none. What the user
// may do is asked meanwhile.
func (u *Uninstall) find(ctx context.Context) (*installation, error) {
	found := &installation{rights: preflight.NewRights(ctx, u.Cluster.Authorization)}
	all, allCtx := errgroup.WithContext(ctx)
	all.Go(func() (err error) {
		if found.book, err = openLedger(allCtx, u.Cluster.Core, u.Inventory, u.Namespace); err != nil {
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
	found.source = found.book.before.Source
	if !found.book.found {
		found.source = "what is left of " + whose(found.book.parent.Name)
	}
	return found, nil
}

// findMembers finds the members and the kinds that are needed for them. What the
// cluster serves is asked only where members are of kinds that not every cluster
// has, or where a namespace is one, in which anything can be.
func (i *installation) findMembers(ctx context.Context, cluster *Cluster) (err error) {
	i.kinds = discover.Standard()
	standard := i.book.found && !slices.ContainsFunc(i.book.before.Kinds, func(kind schema.GroupKind) bool {
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
	if slices.Contains(i.book.before.Kinds, schema.GroupKind{Kind: "Namespace"}) {
		both.Go(func() (err error) {
			all, err = discover.Discover(bothCtx, cluster.Discovery)
			return err
		})
	}
	err = both.Wait()
	i.kinds = all
	return err
}

// list gives the members. Where the parent is gone they may still be there: an
// uninstall keeps definitions that the user's objects live in, an install that
// is killed at the right moment leaves a namespace, and somebody may have
// deleted the parent.
func (i *installation) list(ctx context.Context, cluster *Cluster) ([]inventory.Object, error) {
	if i.book.found {
		return i.book.members(ctx, cluster.Metadata, i.kinds, i.book.before)
	}
	return i.book.search(ctx, cluster.Metadata, i.kinds)
}
