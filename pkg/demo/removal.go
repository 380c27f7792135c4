package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// step is a step of a removal. Nothing of a step needs what an earlier one has
// deleted.
type step int

const (
	// removeAdmission: what the API server calls for each request goes before
	// what serves it, or nothing more could be changed.
	removeAdmission step = iota
	// removeCustom: custom resources go while their controllers can still
	// clean up after them.
	removeCustom
	removeWorkloads
	// removeConfiguration deletes what only the workloads needed, with their
	// ServiceAccounts.
	removeConfiguration
	removeCRDs
	removeNamespaces
)

var steps = []step{removeAdmission, removeCustom, removeWorkloads, removeConfiguration, removeCRDs, removeNamespaces}

func (s step) title() string {
	return [...]string{
		removeAdmission:     "admission webhooks and API services",
		removeCustom:        "custom resources",
		removeWorkloads:     "workloads",
		removeConfiguration: "service accounts, roles, configuration, services",
		removeCRDs:          "CRDs",
		removeNamespaces:    "namespaces",
	}[s]
}

func stepOf(kind schema.GroupKind) step {
	switch group := schedule.GroupOf(kind); {
	case group == schedule.Admission:
		return removeAdmission
	case group == schedule.Workloads && schedule.IsCustom(kind.Group):
		return removeCustom
	case group == schedule.Workloads:
		return removeWorkloads
	case group == schedule.Configuration, group == schedule.ServiceAccounts:
		return removeConfiguration
	case kind.Kind == "Namespace":
		return removeNamespaces
	}
	return removeCRDs
}

// Purge says what a removal deletes that it would keep otherwise.
type Purge struct {
	// CRDs deletes those in which objects of the user's live, and so these
	// objects.
	CRDs bool
	// Claimed deletes what another tool has claimed since it was installed.
	Claimed bool
	// PVCs deletes PersistentVolumeClaims that are bound, and so perhaps data.
	PVCs bool

	// hiddenCRDs deletes CRDs into which the user may not look.
	hiddenCRDs bool
}

// removal deletes objects of an inventory, and keeps what is somebody else's
// and what holds something of somebody else's.
type removal struct {
	cluster *Cluster
	// rights are what the user may do.
	rights *preflight.Rights
	// kinds are all of the cluster's, where namespaces are removed.
	kinds *discover.Kinds
	// book is the inventory of the objects.
	book   *ledger
	sink   event.Sink
	dryRun bool
	purge  Purge
}

// Kept is an object that stays, and why.
type Kept struct {
	Ref event.Object
	Why string
	// object is the member itself, and claimed tells that another tool has it.
	object  inventory.Object
	claimed bool
}

// plan is what is going to be removed.
type plan struct {
	objects []inventory.Object
	kept    []Kept
	// users are objects of the user's that go, too: only with Purge.CRDs.
	users []inventory.Object
}

// of gives what goes in a step: the user's objects before their CRDs.
func (p plan) of(at step) []inventory.Object {
	var objects []inventory.Object
	for _, object := range p.objects {
		if stepOf(object.GroupKind()) == at {
			objects = append(objects, object)
		}
	}
	if at == removeCustom {
		objects = append(objects, p.users...)
	}
	return objects
}

// surveyed bounds how many objects are looked into at once, each of which may
// cost many requests.
const surveyed = 16

// survey says which of the objects would be removed, and which would be kept.
// Ours are the objects of the whole removal, also those that are gone by now;
// what is kept is taken out of them. Namespaces come last, since what is kept
// in one keeps it.
func (r *removal) survey(ctx context.Context, objects []inventory.Object, ours map[types.UID]bool) (plan, error) {
	namespaces, others := split(objects, isNamespace)
	var found plan
	for _, members := range [][]inventory.Object{others, namespaces} {
		if err := r.surveySome(ctx, members, ours, &found); err != nil {
			return plan{}, err
		}
		for _, kept := range found.kept {
			delete(ours, kept.object.Meta.UID)
		}
	}
	return found, nil
}

// surveySome judges objects side by side, and adds what it finds to a plan.
func (r *removal) surveySome(ctx context.Context, objects []inventory.Object, ours map[types.UID]bool, found *plan) error {
	verdicts := make([]verdict, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(surveyed)
	for i, object := range objects {
		group.Go(func() (err error) {
			verdicts[i], err = r.judge(ctx, object, ours)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, object := range objects {
		if verdict := verdicts[i]; verdict.keep != "" {
			found.kept = append(found.kept, Kept{object.Ref, verdict.keep, object, verdict.claimed})
		} else {
			found.objects = append(found.objects, object)
			found.users = append(found.users, verdict.users...)
		}
	}
	return nil
}

// verdict says why an object is kept, which is empty where it goes, and which of
// the user's objects go with it.
type verdict struct {
	keep    string
	claimed bool
	users   []inventory.Object
}

// judge asks, in this order: whose is it now, may it be deleted, does it hold
// data, and does it hold something of the user's?
func (r *removal) judge(ctx context.Context, object inventory.Object, ours map[types.UID]bool) (verdict, error) {
	if owner, claimed := ownership.Claimed(object.Meta, apply.FieldManager); claimed && !r.purge.Claimed {
		return verdict{keep: "it belongs to " + owner.String() + " now", claimed: true}, nil
	}
	switch {
	case isNamespace(object):
		return r.judgeNamespace(ctx, object, ours)
	case isCRD(object):
		return r.judgeCRD(ctx, object, ours)
	case isPVC(object) && !r.purge.PVCs:
		return r.judgePVC(ctx, object)
	}
	return verdict{}, nil
}

// judgeNamespace keeps one that the user may not delete, which is no reason to
// leave what is in it, and one that holds something of the user's.
func (r *removal) judgeNamespace(ctx context.Context, object inventory.Object, ours map[types.UID]bool) (verdict, error) {
	denied, err := r.rights.Lacking(ctx, usesOf([]inventory.Object{object}).all(), []string{"delete"})
	if len(denied) > 0 || err != nil {
		return verdict{keep: "you may not delete it"}, err
	}
	users, err := r.contents(ctx, object.Ref.Name, ours)
	return holding(object, users, err)
}

// judgeCRD keeps one in which custom resources of the user's live, unless they
// are to go with it.
func (r *removal) judgeCRD(ctx context.Context, object inventory.Object, ours map[types.UID]bool) (verdict, error) {
	all, err := instances(ctx, r.cluster, object)
	_, users := split(all, func(instance inventory.Object) bool { return ours[instance.Meta.UID] })
	if r.purge.CRDs {
		return verdict{users: users}, seen(err)
	}
	if r.purge.hiddenCRDs {
		err = seen(err)
	}
	return holding(object, users, err)
}

// judgePVC keeps one that is bound to a volume.
func (r *removal) judgePVC(ctx context.Context, object inventory.Object) (verdict, error) {
	claim, err := r.cluster.Core.PersistentVolumeClaims(object.Ref.Namespace).Get(ctx, object.Ref.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return verdict{}, nil
	case apierrors.IsForbidden(err):
		return holding(object, nil, err)
	case err != nil:
		return verdict{}, fmt.Errorf("cannot read %s: %w", object.Ref, err)
	case claim.Spec.VolumeName != "":
		return verdict{keep: "it is bound to volume " + claim.Spec.VolumeName + ", which may hold data"}, nil
	}
	return verdict{}, nil
}

// holding keeps an object that holds something of the user's, or of which that
// cannot be told.
func holding(object inventory.Object, users []inventory.Object, err error) (verdict, error) {
	var hidden *unseen
	switch {
	case errors.As(err, &hidden):
		return verdict{keep: hidden.Error()}, nil
	case apierrors.IsForbidden(err):
		return verdict{keep: (&unseen{err}).Error()}, nil
	case err != nil:
		return verdict{}, err
	case len(users) > 0 && object.Meta.DeletionTimestamp != nil: // which cannot be taken back
		return verdict{keep: "its deletion has begun before, and waits for " + listed(users) + " of yours"}, nil
	case len(users) > 0:
		return verdict{keep: "it holds " + listed(users) + " of yours"}, nil
	}
	return verdict{}, nil
}

// unseen is why nobody can tell whether something of the user's is in an
// object, which is a reason to keep it.
type unseen struct{ err error }

func (u *unseen) Error() string {
	return "it cannot be seen whether something of yours is in it: " + redact.Text(strings.Join(strings.Fields(u.err.Error()), " "))
}

func (u *unseen) Unwrap() error { return u.err }

// seen passes over what only says that something cannot be seen.
func seen(err error) error {
	var hidden *unseen
	if errors.As(err, &hidden) || apierrors.IsForbidden(err) {
		return nil
	}
	return err
}

// split parts objects from the others.
func split(objects []inventory.Object, is func(inventory.Object) bool) (some, others []inventory.Object) {
	for _, object := range objects {
		if is(object) {
			some = append(some, object)
		} else {
			others = append(others, object)
		}
	}
	return some, others
}

// uidsOf gives the identities of objects.
func uidsOf(objects []inventory.Object) map[types.UID]bool {
	uids := map[types.UID]bool{}
	for _, object := range objects {
		uids[object.Meta.UID] = true
	}
	return uids
}

func isCRD(object inventory.Object) bool {
	return object.GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
}

func isNamespace(object inventory.Object) bool {
	return object.GroupKind() == schema.GroupKind{Kind: "Namespace"}
}

func isPVC(object inventory.Object) bool {
	return object.GroupKind() == schema.GroupKind{Kind: "PersistentVolumeClaim"}
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
