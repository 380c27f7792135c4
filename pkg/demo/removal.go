package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

// step is a step of a removal. Nothing of a step needs what an earlier one has
// taken away.
type step int

const (
	// removeAdmission: what the API server calls for each request goes before
	// what serves it, or nothing more could be changed.
	removeAdmission step = iota
	// removeCustom: custom resources go while their controllers can still
	// clean up after them.
	removeCustom
	removeWorkloads
	// removeConfiguration takes what only the workloads needed, with their
	// accounts.
	removeConfiguration
	removeDefinitions
	removeNamespaces
)

var steps = []step{removeAdmission, removeCustom, removeWorkloads, removeConfiguration, removeDefinitions, removeNamespaces}

func (s step) title() string {
	return [...]string{
		removeAdmission:     "admission webhooks and API services",
		removeCustom:        "custom resources",
		removeWorkloads:     "workloads",
		removeConfiguration: "accounts, roles, configuration, services",
		removeDefinitions:   "definitions",
		removeNamespaces:    "namespaces",
	}[s]
}

func stepOf(kind schema.GroupKind) step {
	switch wave := apply.WaveOf(kind); {
	case wave == apply.Admission:
		return removeAdmission
	case wave == apply.Workloads && apply.IsCustom(kind.Group):
		return removeCustom
	case wave == apply.Workloads:
		return removeWorkloads
	case wave == apply.Configuration, wave == apply.Accounts:
		return removeConfiguration
	case kind.Kind == "Namespace":
		return removeNamespaces
	}
	return removeDefinitions
}

// lookedInto bounds how many definitions and namespaces are looked into at
// once, each of which may cost many requests.
const lookedInto = 16

// removal takes objects of an inventory away, and spares what holds the
// user's own.
type removal struct {
	cluster *Cluster
	// rights are what the user may do, and definitions what is stored of their
	// kinds.
	rights      *preflight.Rights
	definitions *definitions
	// kinds are all of the cluster's, where namespaces are removed.
	kinds *discover.Kinds
	// book is the inventory of the objects.
	book   *ledger
	sink   event.Sink
	dryRun bool
	// purge also takes the user's objects that live in the definitions, and
	// purgeHidden only those that nobody can see.
	purge, purgeHidden bool
	// stale is set where time has passed since the survey: somebody was asked.
	stale bool
	// list gives the members as they are now.
	list func(context.Context) ([]inventory.Object, error)
	// forget, if set, deletes the inventory. It is called when the rest goes by
	// itself; its error is given later.
	forget func() error
}

// Kept is an object that stays, and why.
type Kept struct {
	Ref event.Object
	Why string
	// object is the member itself.
	object inventory.Object
}

// plan is what is going to be removed.
type plan struct {
	objects []inventory.Object
	kept    []Kept
	// users are objects of the user's that go, too: only with purge.
	users []inventory.Object
	// asOf is when the first of what is in definitions and namespaces was looked
	// at.
	asOf time.Time
}

// cut gives what goes in each step, the user's objects before their
// definitions.
func (p plan) cut() map[step][]inventory.Object {
	cut := map[step][]inventory.Object{removeCustom: slices.Clone(p.users)}
	for _, object := range p.objects {
		at := stepOf(object.GroupKind())
		cut[at] = append(cut[at], object)
	}
	return cut
}

// whyHeld says why something that holds the user's objects is kept. No deletion
// that has begun can be taken back.
func whyHeld(object inventory.Object, users []inventory.Object) string {
	if object.Meta.DeletionTimestamp != nil {
		return "its deletion has begun before, and waits for " + listed(users) + " of yours"
	}
	return "it holds " + listed(users) + " of yours"
}

// survey says what of the objects would be removed, and what would be kept
// because something of the user's lives in it. Ours are the objects of the
// whole removal, also those that are gone by now.
func (r *removal) survey(ctx context.Context, objects []inventory.Object, ours map[types.UID]bool) (plan, error) {
	users := make([][]inventory.Object, len(objects))
	asOf := slices.Repeat([]time.Time{time.Now()}, len(objects))
	reasons := make([]string, len(objects)) // to keep an object, but for the user's
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(lookedInto)
	for i, object := range objects {
		group.Go(func() error {
			if fixed, err := r.fixed(groupCtx, object); fixed || err != nil {
				reasons[i] = "you may not delete it"
				return err
			}
			var err error
			users[i], asOf[i], err = r.inside(groupCtx, object, ours)
			var unseen *unseen
			if errors.As(err, &unseen) {
				reasons[i] = unseen.Error()
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return plan{}, err
	}
	found := plan{asOf: slices.MinFunc(append(asOf, time.Now()), time.Time.Compare)}
	for i, object := range objects {
		purge := isDefinition(object) && r.purge
		switch {
		case reasons[i] != "" && !(purge || isDefinition(object) && r.purgeHidden):
			found.kept = append(found.kept, Kept{object.Ref, reasons[i], object})
		case len(users[i]) == 0 || purge:
			found.objects = append(found.objects, object)
			found.users = append(found.users, users[i]...)
		default:
			found.kept = append(found.kept, Kept{object.Ref, whyHeld(object, users[i]), object})
		}
	}
	return found, nil
}

// uidsOf gives the identities of objects.
func uidsOf(objects []inventory.Object) map[types.UID]bool {
	uids := map[types.UID]bool{}
	for _, object := range objects {
		uids[object.Meta.UID] = true
	}
	return uids
}

func isDefinition(object inventory.Object) bool {
	return object.GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
}

func isNamespace(object inventory.Object) bool {
	return object.GroupKind() == schema.GroupKind{Kind: "Namespace"}
}

// fixed tells whether an object is a namespace that the user may not delete.
// That is no reason to leave what is in it.
func (r *removal) fixed(ctx context.Context, object inventory.Object) (bool, error) {
	if !isNamespace(object) {
		return false, nil
	}
	denied, err := r.rights.Lacking(ctx, usesOf([]inventory.Object{object}).all(), []string{"delete"})
	return len(denied) > 0, err
}

func countSteps(cut map[step][]inventory.Object) int {
	n := 0
	for _, members := range cut {
		if len(members) > 0 {
			n++
		}
	}
	return n
}

func removeTargets(objects []inventory.Object) []remove.Target {
	targets := make([]remove.Target, len(objects))
	for i, object := range objects {
		targets[i] = remove.Target{Ref: object.Ref, Resource: object.Resource, UID: object.Meta.UID}
	}
	return targets
}

// listed names the first few objects and counts the rest, by kind:
// "3 virtualservices (default/a, default/b, shop/c)".
func listed(objects []inventory.Object) string {
	const few = 3
	byKind := map[schema.GroupResource][]inventory.Object{}
	for _, object := range objects {
		resource := object.Resource.GroupResource()
		byKind[resource] = append(byKind[resource], object)
	}
	var parts []string
	for resource, members := range byKind {
		if len(members) == 1 {
			parts = append(parts, members[0].Ref.String())
			continue
		}
		var names []string
		for _, object := range members {
			names = append(names, object.Ref.Path())
		}
		slices.Sort(names)
		if len(names) > few {
			names = append(names[:few], "…")
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", len(members), resource.Resource, strings.Join(names, ", ")))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// sortKept puts what is kept in the order of its names.
func sortKept(kept []Kept) {
	slices.SortFunc(kept, func(a, b Kept) int { return cmp.Compare(a.Ref.String(), b.Ref.String()) })
}

// isStuck tells whether an error says only that something is not gone yet.
func isStuck(err error) bool {
	var stuck *remove.StuckError
	return errors.As(err, &stuck)
}
