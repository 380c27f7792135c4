package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// Uninstall takes away what the inventory of a namespace lists; no manifest is
// needed.
type Uninstall struct {
	Cluster   *Cluster
	Namespace string
	DryRun    event.DryRun
	// Purge also takes the definitions in which objects of the user's live,
	// and so these objects.
	Purge bool
	// Confirm is asked before the first write, with what is going to happen.
	// Nothing is written unless it gives nil.
	Confirm func(Removal) error
	Sink    event.Sink
}

// Removal is what an uninstall is going to do, or what it has done.
type Removal struct {
	// Source names for people what was installed; empty where nothing was.
	Source string
	// Removed are the demo's objects, in the order in which they go.
	Removed []event.Object
	// Users are objects of the user's that go with their definitions.
	Users []event.Object
	// Kept are the demo's objects that stay.
	Kept []Kept
}

// ErrDeclined says that the user did not confirm.
var ErrDeclined = errors.New("nothing was removed")

// LeftError says what of an installation is left after a failure.
type LeftError struct {
	Err           error
	Removed, Left int
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("%v\n%d of the demo's objects are removed and %d are left; mend that and run the same command again",
		e.Err, e.Removed, e.Left)
}

func (e *LeftError) Unwrap() error { return e.Err }

// Run gives what was removed and kept, also when it fails. A Removal without a
// source says that nothing is installed. Its errors are RefusedError before
// the first write, LeftError after it, and those of the API server and of
// Confirm.
func (u *Uninstall) Run(ctx context.Context) (Removal, error) {
	began := time.Now()
	found, err := u.find(ctx)
	if err != nil || len(found.members) == 0 {
		return Removal{}, err
	}
	r := &removal{cluster: u.Cluster, kinds: found.kinds, sink: u.Sink, dryRun: u.DryRun != event.DryRunNone, purge: u.Purge}
	planned, err := r.survey(ctx, found.members)
	if err != nil {
		return Removal{}, err
	}
	if err := u.permitted(ctx, planned.objects); err != nil {
		return Removal{}, err
	}
	answer := found.removal(planned)
	if !found.book.found && len(answer.Removed) == 0 {
		answer.Source = "" // what an uninstall has kept, it keeps
		return answer, nil
	}
	u.Sink(event.Uninstalling{
		What: answer.Source, Objects: len(answer.Removed), Namespace: u.Namespace, Server: u.Cluster.Server, DryRun: u.DryRun,
	})
	if u.DryRun == event.DryRunClient {
		u.finish(answer, began)
		return answer, nil
	}
	if err := u.Confirm(answer); err != nil {
		return Removal{}, err
	}
	return u.remove(ctx, r, planned, found, began)
}

// remove does it.
func (u *Uninstall) remove(ctx context.Context, r *removal, planned plan, found *installation, began time.Time) (Removal, error) {
	answer := Removal{Source: found.source}
	var err error
	answer.Removed, answer.Kept, err = r.run(ctx, planned)
	sortKept(answer.Kept)
	if err == nil && !r.dryRun {
		err = found.book.parent.Delete(ctx)
	}
	if err != nil {
		left := len(found.members) + len(planned.users) - len(answer.Removed)
		return answer, &LeftError{Err: u.cause(ctx, err), Removed: len(answer.Removed), Left: left}
	}
	u.finish(answer, began)
	return answer, nil
}

// cause puts the reason of the context's end, if that is what ended it, in the
// place of what a request says about it.
func (u *Uninstall) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil && !isStuck(err) {
		return context.Cause(ctx)
	}
	return err
}

func (u *Uninstall) finish(answer Removal, began time.Time) {
	home := event.Object{Kind: "Namespace", Name: u.Namespace}
	if !slices.Contains(answer.Removed, home) && !slices.ContainsFunc(answer.Kept, func(kept Kept) bool { return kept.Ref == home }) {
		u.Sink(event.Kept{Object: home, Why: "install did not create it"})
	}
	for _, kept := range answer.Kept {
		u.Sink(event.Kept{Object: kept.Ref, Why: kept.Why})
	}
	u.Sink(event.Uninstalled{
		Removed: len(answer.Removed), Kept: len(answer.Kept), DryRun: u.DryRun, Took: time.Since(began),
	})
}

// installation is what is on the cluster.
type installation struct {
	source  string
	kinds   *discover.Kinds
	book    *ledger
	members []inventory.Object
}

func (i *installation) removal(planned plan) Removal {
	answer := Removal{Source: i.source, Kept: planned.kept}
	for _, at := range steps {
		for _, object := range planned.objects {
			if stepOf(schema.GroupKind{Group: object.Ref.Group, Kind: object.Ref.Kind}) == at {
				answer.Removed = append(answer.Removed, object.Ref)
			}
		}
	}
	for _, object := range planned.users {
		answer.Users = append(answer.Users, object.Ref)
	}
	return answer
}

// beyond are the kinds of which members may be left when the parent is gone:
// an uninstall keeps definitions that the user's objects live in, and an
// install that is killed at the right moment leaves a namespace.
var beyond = []schema.GroupKind{
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"},
	{Kind: "Namespace"},
}

// find looks for an installation. Without members there is none.
func (u *Uninstall) find(ctx context.Context) (*installation, error) {
	return findInstallation(ctx, u.Cluster, u.Namespace)
}

func findInstallation(ctx context.Context, cluster *Cluster, namespace string) (*installation, error) {
	found := &installation{}
	both, bothCtx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		found.kinds, err = discover.Discover(bothCtx, cluster.Discovery)
		return err
	})
	both.Go(func() (err error) {
		found.book, err = openLedger(bothCtx, cluster, namespace)
		return err
	})
	if err := both.Wait(); err != nil {
		return nil, err
	}
	set := found.book.before
	found.source = set.Source
	if !found.book.found {
		found.source = "what is left of the demo"
		set = inventory.Set{Kinds: beyond, Namespaces: []string{namespace}}
	}
	var err error
	found.members, err = found.book.members(ctx, cluster, found.kinds, set)
	if !found.book.found && apierrors.IsForbidden(err) {
		err = nil // nothing says that something is installed
	}
	if !found.book.found {
		found.members = withoutOthersNamespaces(found.members, namespace)
	}
	return found, err
}

// withoutOthersNamespaces leaves only the namespace itself.
func withoutOthersNamespaces(members []inventory.Object, namespace string) []inventory.Object {
	return slices.DeleteFunc(members, func(member inventory.Object) bool {
		return member.Ref.Kind == "Namespace" && member.Ref.Name != namespace
	})
}

// permitted asks, before the first write, whether the user may do all of it.
func (u *Uninstall) permitted(ctx context.Context, objects []inventory.Object) error {
	results, err := preflight.Permissions(ctx, u.Cluster.Authorization, usesOf(objects), []string{"get", "list", "delete"})
	if err != nil {
		return err
	}
	if failed := Failed(results); len(failed) > 0 {
		return &RefusedError{failed}
	}
	return nil
}

// usesOf gathers the objects by where they live.
func usesOf(objects []inventory.Object) []preflight.Use {
	type place struct {
		resource  schema.GroupVersionResource
		namespace string
	}
	members := map[place][]preflight.Object{}
	for _, object := range objects {
		at := place{object.Resource, object.Ref.Namespace}
		members[at] = append(members[at], preflight.Object{Name: object.Ref.Name})
	}
	var uses []preflight.Use
	for at, objects := range members {
		uses = append(uses, preflight.Use{Resource: at.resource, Namespace: at.namespace, Objects: objects})
	}
	slices.SortFunc(uses, func(a, b preflight.Use) int {
		return cmp.Or(cmp.Compare(a.Resource.String(), b.Resource.String()), cmp.Compare(a.Namespace, b.Namespace))
	})
	return uses
}
