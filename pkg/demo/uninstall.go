package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

// Uninstall takes away what the inventory of a namespace lists; no manifest is
// needed. Cluster and Namespace are. One Uninstall is for one goroutine.
type Uninstall struct {
	Cluster   *Cluster
	Namespace string
	// Inventory names the ConfigMap that lists it; empty for the demo's,
	// inventory.ParentName.
	Inventory string
	DryRun    event.DryRun
	// Purge also takes the definitions in which objects of the user's live,
	// and so these objects.
	Purge bool
	// Confirm, if set, is asked before the first write, in dry runs, too, with
	// what is going to happen. Nothing is written unless it gives nil, and Run
	// gives its error. Where nobody is asked, it may be found out only after
	// the first write what is kept and what cannot be looked into, which is
	// faster.
	Confirm func(Removal) error
	// Sink, if set, is told what happens, from several goroutines at once.
	Sink event.Sink
}

// Removal is what an uninstall is going to do, or what it has done.
type Removal struct {
	// Source names for people what was installed; empty where nothing was.
	Source string
	// Removed are the demo's objects, in the order in which they go; once they
	// are gone, the user's among them.
	Removed []event.Object
	// Users are objects of the user's that go with their definitions.
	Users []event.Object
	// Kept are the demo's objects that stay.
	Kept []Kept
}

// ErrDeclined says that the user did not confirm. It is for Confirm to give;
// nothing here gives it by itself.
var ErrDeclined = errors.New("nothing was removed")

// LeftError says what of an installation is left after a failure: of its
// objects Removed are gone and Left are not.
type LeftError struct {
	Err error
	// Whose names the installation for people: "the demo".
	Whose         string
	Removed, Left int
	// Forgotten tells that the inventory is gone, too, since the API server only
	// had to clean up.
	Forgotten bool
}

func (e *LeftError) Error() string {
	if e.Left == 0 && e.Forgotten {
		return fmt.Sprintf("%v\nall %d of %s's objects are deleted, and not all are gone yet; run the same command again to go on waiting",
			e.Err, e.Removed, e.Whose)
	}
	if e.Left == 0 {
		return fmt.Sprintf("%v\nall %d of %s's objects are deleted, and its inventory is left; mend that and run the same command again",
			e.Err, e.Removed, e.Whose)
	}
	return fmt.Sprintf("%v\n%d of %s's objects are removed and %d are left; mend that and run the same command again",
		e.Err, e.Removed, e.Whose, e.Left)
}

func (e *LeftError) Unwrap() error { return e.Err }

// Run gives what was removed and kept, also when it fails. A Removal without a
// source says that nothing is installed, which is no error. Its errors are
// *RefusedError before the first write, *LeftError after it, the cause of the
// context's end, and those of the API server and of Confirm. The same Run goes
// on after any of them.
func (u *Uninstall) Run(ctx context.Context) (Removal, error) {
	u.setDefaults()
	removal, err := u.run(ctx)
	return removal, u.cause(ctx, err)
}

const (
	// atOnce is how long a confirmation takes that nobody was asked for.
	atOnce = 50 * time.Millisecond
	// fresh is for how long a list is acted on without another look.
	fresh = 5 * time.Second
)

func (u *Uninstall) run(ctx context.Context) (Removal, error) {
	began := time.Now()
	looked := newDefinitions(u.Cluster)
	if inventoryName(u.Inventory) == inventory.ParentName { // samples define nothing
		looked = beginDefinitions(ctx, u.Cluster, inventory.Selector(inventory.ID(inventory.ParentName, u.Namespace)))
	}
	defer looked.close()
	found, err := u.find(ctx, looked)
	switch {
	case err != nil:
		return Removal{}, err
	case len(found.members) == 0 && u.DryRun == event.DryRunNone:
		return Removal{}, u.forget(ctx, found.book) // it lists nothing any more
	case len(found.members) == 0:
		return Removal{}, nil
	}
	r := &removal{
		cluster:     u.Cluster,
		rights:      found.rights,
		definitions: found.definitions,
		kinds:       found.kinds,
		book:        found.book,
		sink:        u.Sink,
		dryRun:      u.DryRun != event.DryRunNone,
		purge:       u.Purge,
		list:        func(ctx context.Context) ([]inventory.Object, error) { return found.list(ctx, u.Cluster) },
	}
	planned, err := u.plan(ctx, r, found)
	if err != nil {
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
	asked := time.Now()
	if u.Confirm != nil {
		if err := u.Confirm(answer); err != nil {
			return Removal{}, err
		}
	}
	r.stale = time.Since(asked) > atOnce || time.Since(found.listed) > fresh
	if u.DryRun == event.DryRunClient {
		answer.Removed = refsOf(planned.cut())
		u.finish(answer, found.book, began)
		return answer, nil
	}
	return u.remove(ctx, r, planned, found, began)
}

// plan says what is going to be removed, and refuses what the user may not do.
func (u *Uninstall) plan(ctx context.Context, r *removal, found *installation) (plan, error) {
	if u.Confirm == nil && u.DryRun == event.DryRunNone && !u.Purge && found.mayGoAtOnce() {
		return plan{objects: found.members}, nil
	}
	planned, err := r.survey(ctx, found.members, uidsOf(found.members))
	if err != nil {
		return plan{}, err
	}
	return planned, u.permitted(ctx, found.rights, slices.Concat(planned.objects, planned.users, []inventory.Object{found.book.object()}))
}

// remove does it.
func (u *Uninstall) remove(ctx context.Context, r *removal, planned plan, found *installation, began time.Time) (Removal, error) {
	answer := Removal{Source: found.source}
	var err error
	forgotten := false
	forget := sync.OnceValue(func() error {
		err := u.forget(ctx, found.book)
		forgotten = err == nil
		return err
	})
	r.forget = forget
	answer.Removed, answer.Kept, err = r.run(ctx, planned)
	sortKept(answer.Kept)
	if err == nil && !r.dryRun {
		err = forget()
	}
	if err != nil {
		left := len(found.members) + len(planned.users) - len(answer.Removed)
		return answer, &LeftError{Err: u.cause(ctx, err), Whose: whose(found.book.parent.Name), Removed: len(answer.Removed), Left: left, Forgotten: forgotten}
	}
	u.finish(answer, found.book, began)
	return answer, nil
}

// forget deletes the inventory itself, which may have gone with its namespace.
func (u *Uninstall) forget(ctx context.Context, book *ledger) error {
	uid, found := book.parent.Stored()
	if !found {
		return nil
	}
	engine := &remove.Engine{Client: u.Cluster.Core.RESTClient(), Metadata: u.Cluster.Metadata, Sink: event.Discard}
	parent := book.object()
	_, err := engine.Remove(ctx, []remove.Target{{Ref: parent.Ref, Resource: parent.Resource, UID: uid}})
	return err
}

// cause is ended, but for errors that say more.
func (u *Uninstall) cause(ctx context.Context, err error) error {
	var left *LeftError
	if err == nil || isStuck(err) || errors.As(err, &left) {
		return err
	}
	return ended(ctx, err)
}

// finish tells how it ended. Only an inventory proves that its namespace is
// there.
func (u *Uninstall) finish(answer Removal, book *ledger, began time.Time) {
	home := event.Object{Kind: "Namespace", Name: u.Namespace}
	if book.found && !slices.Contains(answer.Removed, home) && !slices.ContainsFunc(answer.Kept, func(kept Kept) bool { return kept.Ref == home }) {
		u.Sink(event.Kept{Object: home, Why: "install did not create it"})
	}
	for _, kept := range answer.Kept {
		u.Sink(event.Kept{Object: kept.Ref, Why: kept.Why})
	}
	u.Sink(event.Uninstalled{
		Removed: len(answer.Removed), Kept: len(answer.Kept), DryRun: u.DryRun, Took: time.Since(began),
	})
}

func (i *installation) removal(planned plan) Removal {
	answer := Removal{Source: i.source, Kept: planned.kept}
	answer.Removed = refsOf(plan{objects: planned.objects}.cut())
	for _, object := range planned.users {
		answer.Users = append(answer.Users, object.Ref)
	}
	return answer
}

// refsOf gives the objects of all steps, in the order in which they go.
func refsOf(cut map[step][]inventory.Object) []event.Object {
	var refs []event.Object
	for _, at := range steps {
		for _, object := range cut[at] {
			refs = append(refs, object.Ref)
		}
	}
	return refs
}

// permitted asks, before the first write, whether the user may take objects
// away and watch them go.
func (u *Uninstall) permitted(ctx context.Context, rights *preflight.Rights, objects []inventory.Object) error {
	results, err := rights.Lacking(ctx, usesOf(objects).all(), []string{"get", "list", "watch", "delete"})
	if err != nil {
		return err
	}
	if failed := Failed(results); len(failed) > 0 {
		return &RefusedError{failed}
	}
	return nil
}
