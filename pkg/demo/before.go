package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// check looks at the cluster before the first write: all checks, what is
// there already and whose it is, and what the server would refuse to change.
func (i *Install) check(ctx context.Context, on *course) error {
	var (
		results  []preflight.Result
		beside   []property
		members  []inventory.Object
		observed error
	)
	checks, checksCtx := errgroup.WithContext(ctx)
	checks.Go(func() (err error) {
		results, err = preflight.Run(checksCtx, i.subject(on))
		return err
	})
	checks.Go(func() error {
		// What the checks say about a failure is clearer than the failure.
		observed = on.engine.Observe(checksCtx, on.targets)
		return nil
	})
	checks.Go(func() (err error) {
		beside, err = on.book.anotherIstio(checksCtx, i.Cluster, on.targets)
		return err
	})
	var unlisted error
	checks.Go(func() error {
		members, unlisted = on.book.members(checksCtx, i.Cluster, on.kinds, on.book.before)
		return nil
	})
	if err := checks.Wait(); err != nil {
		return err
	}
	if observed == nil {
		taken, err := on.book.foreign(ctx, i.Cluster, on.targets, i.Adopt)
		if err != nil {
			return err
		}
		if i.Adopt {
			i.warnOfFormerOwners(taken)
			taken = nil
		}
		results = append(results, foreignResults(taken, beside)...)
	}
	if err := refused(results); err != nil {
		return err
	}
	if err := errors.Join(observed, unlisted); err != nil {
		return err
	}
	on.leftovers = leftovers(members, on.targets)
	on.book.enroll(on.targets)
	markUnverifiable(on.targets)
	return on.engine.Verify(ctx, on.targets)
}

// refused gives a RefusedError if a check has failed.
func refused(results []preflight.Result) error {
	failed := slices.DeleteFunc(slices.Clone(results), func(result preflight.Result) bool { return result.Verdict != preflight.Fail })
	if len(failed) == 0 {
		return nil
	}
	return &RefusedError{failed}
}

// warnOfFormerOwners says what an adoption leaves behind.
func (i *Install) warnOfFormerOwners(taken []property) {
	for _, property := range taken {
		if namespace, release, isHelm := strings.Cut(property.owner.Helm, "/"); isHelm {
			i.Sink(event.Warning{Message: fmt.Sprintf("%d objects are taken over from %s, which still knows them; 'kubectl delete secret -n %s -l owner=helm,name=%s' makes helm forget the release",
				len(property.refs), property.owner.Name, namespace, release)})
			continue
		}
		i.Sink(event.Warning{Message: fmt.Sprintf("%d objects are taken over from %s", len(property.refs), property.owner.Name)})
	}
}
