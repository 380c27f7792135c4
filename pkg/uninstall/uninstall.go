// Package uninstall owns the removal of objects: what goes, in which steps, and
// what is kept and why.
package uninstall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

func (u *Uninstall) setDefaults() {
	u.Sink, u.DryRun = redact.Sink(u.Sink), cmp.Or(u.DryRun, event.DryRunNone)
}

// Uninstall takes away what the inventory of a namespace lists; no manifest is
// needed. Cluster and Namespace are. One Uninstall is for one goroutine.
type Uninstall struct {
	Cluster   *cluster.Cluster
	Namespace string
	// Inventory names the ConfigMap that lists it; empty for the demo's,
	// inventory.ParentName.
	Inventory string
	DryRun    event.DryRun
	Purge     Purge
	// Confirm, if set, is asked before the first write, in dry runs, too, with
	// what is going to happen. Nothing is written unless it gives nil, and Run
	// gives its error.
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
	// Users are objects of the user's that go with their CRDs.
	Users []event.Object
	// Kept are the demo's objects that stay.
	Kept []Kept
}

// LeftError says what of an installation is left after a failure: of its
// objects Removed are gone, Kept stay for a reason, Unanswered may be gone, since
// the deletion was sent and the answer did not come, and Left are still there.
type LeftError struct {
	Err error
	// Whose names the installation for people: "the demo".
	Whose                           string
	Removed, Kept, Unanswered, Left int
}

func (e *LeftError) Error() string {
	text := fmt.Sprintf("%v\n%d of %s's objects removed", e.Err, e.Removed, e.Whose)
	if e.Kept > 0 {
		text += fmt.Sprintf(", %d kept", e.Kept)
	}
	if e.Unanswered > 0 {
		text += fmt.Sprintf(", %d unanswered", e.Unanswered)
	}
	left := "only its inventory"
	if e.Left+e.Unanswered > 0 {
		left = strconv.Itoa(e.Left)
	}
	return text + ", " + left + " left; fix the cause, then rerun the same command"
}

func (e *LeftError) Unwrap() error { return e.Err }

// Run returns what was removed and kept, also when it fails. A Removal without a
// source says that nothing is installed, which is no error. Its errors are
// *RefusedError before the first write, *LeftError after it (around
// applyset.ErrChanged where an install has put something there meanwhile), the
// cause of the context's end, and those of the API server and of Confirm. The
// same Run goes on after any of them.
func (u *Uninstall) Run(ctx context.Context) (Removal, error) {
	u.setDefaults()
	removal, err := u.run(ctx)
	return removal, u.cause(ctx, err)
}

func (u *Uninstall) run(ctx context.Context) (Removal, error) {
	began := time.Now()
	found, err := u.find(ctx)
	switch {
	case err != nil:
		return Removal{}, err
	case len(found.members) == 0 && u.DryRun == event.DryRunNone:
		return Removal{}, found.inventory.Parent.Delete(ctx) // it lists nothing any more
	case len(found.members) == 0:
		return Removal{}, nil
	}
	r := u.removal(found)
	planned, err := r.Survey(ctx, found.members, applyset.UIDs(found.members))
	if err != nil {
		return Removal{}, err
	}
	if err := u.permitted(ctx, found.rights, slices.Concat(planned.Objects, planned.users, []applyset.Object{found.inventory.Object()})); err != nil {
		return Removal{}, err
	}
	answer := found.removal(planned)
	if !found.inventory.Exists && len(answer.Removed) == 0 {
		answer.Source = "" // what an uninstall has kept, it keeps
		return answer, nil
	}
	u.Sink(event.Uninstalling{
		What: answer.Source, Objects: len(answer.Removed), Namespace: u.Namespace, Server: u.Cluster.Server, DryRun: u.DryRun,
	})
	if u.Confirm != nil {
		if err := u.Confirm(answer); err != nil {
			return Removal{}, err
		}
		if planned, err = u.lookAgain(ctx, r, found, planned); err != nil {
			return Removal{}, err
		}
	}
	if u.DryRun == event.DryRunClient {
		u.finish(answer, found.inventory, began)
		return answer, nil
	}
	return u.remove(ctx, r, planned, found, began)
}

// removal is how the members are removed.
func (u *Uninstall) removal(found *installation) *Remover {
	return &Remover{
		Cluster:   u.Cluster,
		Rights:    found.rights,
		Kinds:     found.kinds,
		Inventory: found.inventory,
		Sink:      u.Sink,
		DryRun:    u.DryRun != event.DryRunNone,
		purge:     u.Purge,
	}
}

// lookAgain surveys once more what was named in a question, since anything can
// have come while it waited. Nothing goes that was not named.
func (u *Uninstall) lookAgain(ctx context.Context, r *Remover, found *installation, named Plan) (Plan, error) {
	if r.DryRun {
		return named, nil
	}
	members, err := found.list(ctx, u.Cluster)
	if err != nil {
		return Plan{}, err
	}
	known := applyset.UIDs(found.members)
	members, _ = applyset.Partition(members, func(member applyset.Object) bool { return known[member.Meta.UID] })
	again, err := r.Survey(ctx, members, applyset.UIDs(members))
	if err != nil {
		return Plan{}, err
	}
	goes := applyset.UIDs(again.Objects)
	for _, kept := range named.kept {
		if goes[kept.Object.Meta.UID] {
			again.kept = append(again.kept, kept)
		}
	}
	again.Objects, again.users = applyset.Intersect(again.Objects, named.Objects), applyset.Intersect(again.users, named.users)
	return again, nil
}

// remove does it.
func (u *Uninstall) remove(ctx context.Context, r *Remover, planned Plan, found *installation, began time.Time) (Removal, error) {
	answer := Removal{Source: found.source}
	var err error
	answer.Removed, answer.Kept, err = r.Run(ctx, planned)
	sortKept(answer.Kept)
	if err == nil && !r.DryRun {
		err = u.forget(ctx, r, found, answer.Kept)
	}
	if err != nil {
		return answer, u.left(ctx, found, planned, answer, err)
	}
	u.finish(answer, found.inventory, began)
	return answer, nil
}

// left counts what a failure leaves.
func (u *Uninstall) left(ctx context.Context, found *installation, planned Plan, answer Removal, err error) error {
	left := &LeftError{
		Err:     u.cause(ctx, err),
		Whose:   applyset.Describe(found.inventory.Parent.Name),
		Removed: len(answer.Removed),
		Kept:    len(answer.Kept),
	}
	var unanswered *remove.UnansweredError
	if errors.As(err, &unanswered) {
		left.Unanswered = len(unanswered.Objects)
	}
	left.Left = len(planned.Objects) + len(planned.users) + len(planned.kept) - left.Removed - left.Kept - left.Unanswered
	return left
}

// forget lets go of what is kept and deletes the inventory, unless an install has
// put something there meanwhile: nobody would find that any more.
func (u *Uninstall) forget(ctx context.Context, r *Remover, found *installation, kept []Kept) error {
	if err := r.Release(ctx, kept); err != nil {
		return err
	}
	if !found.inventory.Exists {
		return nil
	}
	members, err := found.list(ctx, u.Cluster)
	if err != nil {
		return err
	}
	for _, member := range members {
		if !slices.ContainsFunc(kept, func(one Kept) bool { return one.Ref == member.Ref }) {
			return fmt.Errorf("%s was created meanwhile: %w", member.Ref, applyset.ErrChanged)
		}
	}
	return found.inventory.Parent.Delete(ctx)
}

// cause is ended, but for errors that say more.
func (u *Uninstall) cause(ctx context.Context, err error) error {
	var left *LeftError
	var unanswered *remove.UnansweredError
	if err == nil || remove.IsStuck(err) || errors.As(err, &left) || errors.As(err, &unanswered) {
		return err
	}
	return cluster.CauseOf(ctx, err)
}

// finish tells how it ended. Only an inventory proves that its namespace is
// there.
func (u *Uninstall) finish(answer Removal, inventory *applyset.Inventory, began time.Time) {
	home := event.Object{Kind: "Namespace", Name: u.Namespace}
	if inventory.Exists && !slices.Contains(answer.Removed, home) && !slices.ContainsFunc(answer.Kept, func(kept Kept) bool { return kept.Ref == home }) {
		u.Sink(event.Kept{Object: home, Why: "not created by install"})
	}
	for _, kept := range answer.Kept {
		u.Sink(event.Kept{Object: kept.Ref, Why: kept.Why})
	}
	u.Sink(event.Uninstalled{
		Removed: len(answer.Removed), Kept: len(answer.Kept), DryRun: u.DryRun, Took: time.Since(began),
	})
}

func (i *installation) removal(planned Plan) Removal {
	answer := Removal{Source: i.source, Kept: slices.Clone(planned.kept)}
	sortKept(answer.Kept)
	for _, at := range steps {
		for _, object := range planned.of(at) {
			if !slices.ContainsFunc(planned.users, func(user applyset.Object) bool { return user.Meta.UID == object.Meta.UID }) {
				answer.Removed = append(answer.Removed, object.Ref)
			}
		}
	}
	for _, object := range planned.users {
		answer.Users = append(answer.Users, object.Ref)
	}
	return answer
}

// permitted asks, before the first write, whether the user may take objects
// away and watch them go.
func (u *Uninstall) permitted(ctx context.Context, rights *preflight.Rights, objects []applyset.Object) error {
	results, err := rights.Lacking(ctx, usesOf(objects).All(), []string{"get", "list", "watch", "delete"})
	if err != nil {
		return err
	}
	if failed := preflight.Failed(results); len(failed) > 0 {
		return &preflight.RefusedError{Failed: failed}
	}
	return nil
}
