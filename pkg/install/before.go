package install

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// view is what there is to see before the first write.
type view struct {
	results []preflight.Result
	// members are those of the inventory.
	members []applyset.Object
	// err is why something could not be seen. What the checks say about a
	// failure is clearer.
	err error
}

// check looks at the cluster before the first write: what is there already
// and whose it is, all checks, and what the server would refuse to change.
func (i *Install) check(ctx context.Context, on *state) error {
	seen, err := i.examine(ctx, on)
	i.warn(seen.results)
	return err
}

// examine is check without the warnings.
func (i *Install) examine(ctx context.Context, on *state) (view, error) {
	seen, err := i.look(ctx, on)
	if err != nil {
		return view{}, i.unserved(ctx, on, err)
	}
	if failed := preflight.Failed(seen.results); len(failed) > 0 {
		return view{}, &preflight.RefusedError{Failed: failed}
	}
	if seen.err != nil {
		return view{}, seen.err
	}
	return seen, i.verify(ctx, on, seen.members)
}

// confirm asks before the first write. While a question waits, anything can
// come, so that everything is looked at once more after it; nothing is pruned
// that was not listed before.
func (i *Install) confirm(ctx context.Context, on *state) error {
	if i.Confirm == nil || on.engine.DryRun {
		return nil
	}
	if err := i.Confirm(ctx); err != nil {
		return err
	}
	listed := on.leftovers
	if _, err := i.examine(ctx, on); err != nil {
		return err
	}
	on.leftovers = applyset.Intersect(on.leftovers, listed)
	return nil
}

// look runs all checks, and reads meanwhile what the install needs of the cluster.
func (i *Install) look(ctx context.Context, on *state) (view, error) {
	defer cluster.Trace(ctx, "look at the cluster")()
	var (
		seen               view
		taken, beside      []otherOwner
		observed, unlisted error
	)
	all, allCtx := errgroup.WithContext(ctx)
	subject, known := i.subject(on), make(chan struct{})
	subject.Rights = preflight.NewRights(allCtx, i.Cluster.Authorization)
	subject.Added = func() preflight.Added {
		<-known
		return added(on.targets)
	}
	all.Go(func() error {
		defer close(known)
		observed = on.engine.Observe(ctx, on.targets)
		return nil
	})
	all.Go(func() (err error) {
		seen.results, err = preflight.Run(allCtx, subject)
		return err
	})
	all.Go(func() error {
		seen.members, unlisted = on.inventory.Members(allCtx, i.Cluster.Metadata, on.kinds, on.inventory.Recorded)
		return nil
	})
	if !i.Skip[ownersCheck] {
		all.Go(func() (err error) {
			beside, err = i.anotherIstio(allCtx, on.inventory, on.targets)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return seen, err
	}
	var unserved *apply.UnservedError
	if errors.As(observed, &unserved) {
		return seen, unserved
	}
	var err error
	if taken, err = i.foreign(ctx, on.inventory, on.targets); err != nil {
		return seen, err
	}
	if !i.Skip["permissions"] {
		on.mayAll, _ = subject.Rights.MayAll() // an error has ended the checks
	}
	if i.Adopt {
		i.warnOfFormerOwners(taken)
		taken = nil
	}
	if results := ownerResults(taken, beside); !i.Skip[ownersCheck] || len(preflight.Failed(results)) > 0 {
		seen.results = append(seen.results, results...)
	}
	if apierrors.IsForbidden(unlisted) && !i.Prune {
		unlisted = nil // they stay, wherever they are
	}
	seen.err = errors.Join(observed, on.unread, unlisted)
	return seen, nil
}

// verify makes the targets members of the inventory and has the server look
// at what it may refuse to change.
func (i *Install) verify(ctx context.Context, on *state, members []applyset.Object) error {
	defer cluster.Trace(ctx, "have the server verify changes")()
	on.leftovers, on.spared = spare(on.withheld, leftovers(members, on.targets), i.Namespace.Name)
	if err := i.replaces(on, members); err != nil {
		return err
	}
	enroll(on.inventory, on.targets)
	markUnverifiable(on.targets)
	return on.engine.Verify(ctx, on.targets)
}

// warnOfFormerOwners says what an adoption leaves behind.
func (i *Install) warnOfFormerOwners(taken []otherOwner) {
	for _, property := range taken {
		what := fmt.Sprintf("%d objects are", len(property.refs))
		if len(property.refs) == 1 {
			what = property.refs[0].String() + " is"
		}
		if namespace, release, isHelm := property.owner.Release(); isHelm {
			i.Sink(event.Warning{Message: fmt.Sprintf("%s taken over from %s, which still knows of it; '%s' makes helm forget the release",
				what, property, shell.Line("kubectl delete secret -n {} -l owner=helm,name={}", namespace, release))})
			continue
		}
		i.Sink(event.Warning{Message: fmt.Sprintf("%s taken over from %s", what, property)})
	}
}
