package uninstall

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
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

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

// Remover deletes objects of an inventory, and keeps what is somebody else's
// and what holds something of somebody else's.
type Remover struct {
	Cluster *cluster.Cluster
	// Rights are what the user may do.
	Rights *preflight.Rights
	// Kinds are all of the cluster's, where namespaces are removed.
	Kinds *discover.Kinds
	// inventory is the inventory of the objects.
	Inventory *applyset.Inventory
	Sink      event.Sink
	DryRun    bool
	purge     Purge
}

// Kept is an object that stays, and why.
type Kept struct {
	Ref event.Object
	Why string
	// Object is the member itself, and Claimed reports that another tool has it.
	Object  applyset.Object
	Claimed bool
}

// Plan is what is going to be removed.
type Plan struct {
	Objects []applyset.Object
	kept    []Kept
	// users are objects of the user's that go, too: only with Purge.CRDs.
	users []applyset.Object
}

// of returns what goes in a step: the user's objects before their CRDs.
func (p Plan) of(at step) []applyset.Object {
	var objects []applyset.Object
	for _, object := range p.Objects {
		if stepOf(object.GroupKind()) == at {
			objects = append(objects, object)
		}
	}
	if at == removeCustom {
		objects = append(objects, p.users...)
	}
	return objects
}

// Surveyed bounds how many objects are looked into at once, each of which may
// cost many requests.
const Surveyed = 16

// Survey says which of the objects would be removed, and which would be kept.
// Ours are the objects of the whole removal, also those that are gone by now;
// what is kept is taken out of them. Namespaces come last, since what is kept
// in one keeps it.
func (r *Remover) Survey(ctx context.Context, objects []applyset.Object, ours map[types.UID]bool) (Plan, error) {
	namespaces, others := applyset.Partition(objects, applyset.IsNamespace)
	var found Plan
	for _, members := range [][]applyset.Object{others, namespaces} {
		if err := r.surveySome(ctx, members, ours, &found); err != nil {
			return Plan{}, err
		}
		for _, kept := range found.kept {
			delete(ours, kept.Object.Meta.UID)
		}
	}
	return found, nil
}

// surveySome judges objects side by side, and adds what it finds to a plan.
func (r *Remover) surveySome(ctx context.Context, objects []applyset.Object, ours map[types.UID]bool, found *Plan) error {
	verdicts := make([]verdict, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(Surveyed)
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
			found.Objects = append(found.Objects, object)
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
	users   []applyset.Object
}

// judge asks, in this order: whose is it now, may it be deleted, does it hold
// data, and does it hold something of the user's?
func (r *Remover) judge(ctx context.Context, object applyset.Object, ours map[types.UID]bool) (verdict, error) {
	if owner, claimed := applyset.ClaimedBy(object.Meta); claimed && !r.purge.Claimed {
		return verdict{keep: "owned by " + owner.String() + " now", claimed: true}, nil
	}
	switch {
	case applyset.IsNamespace(object):
		return r.judgeNamespace(ctx, object, ours)
	case applyset.IsCRD(object):
		return r.judgeCRD(ctx, object, ours)
	case applyset.IsPersistentVolumeClaim(object) && !r.purge.PVCs:
		return r.judgePVC(ctx, object)
	}
	return verdict{}, nil
}

// judgeNamespace keeps one that the user may not delete, which is no reason to
// leave what is in it, and one that holds something of the user's.
func (r *Remover) judgeNamespace(ctx context.Context, object applyset.Object, ours map[types.UID]bool) (verdict, error) {
	denied, err := r.Rights.Lacking(ctx, usesOf([]applyset.Object{object}).All(), []string{"delete"})
	if len(denied) > 0 || err != nil {
		return verdict{keep: "no permission to delete it"}, err
	}
	users, err := r.contents(ctx, object.Ref.Name, ours)
	return holding(object, users, err)
}

// judgeCRD keeps one in which custom resources of the user's live, unless they
// are to go with it.
func (r *Remover) judgeCRD(ctx context.Context, object applyset.Object, ours map[types.UID]bool) (verdict, error) {
	all, err := instances(ctx, r.Cluster, object)
	_, users := applyset.Partition(all, func(instance applyset.Object) bool { return ours[instance.Meta.UID] })
	if r.purge.CRDs {
		return verdict{users: users}, seen(err)
	}
	if r.purge.hiddenCRDs {
		err = seen(err)
	}
	return holding(object, users, err)
}

// judgePVC keeps one that is bound to a volume.
func (r *Remover) judgePVC(ctx context.Context, object applyset.Object) (verdict, error) {
	claim, err := r.Cluster.Core.PersistentVolumeClaims(object.Ref.Namespace).Get(ctx, object.Ref.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return verdict{}, nil
	case apierrors.IsForbidden(err):
		return holding(object, nil, err)
	case err != nil:
		return verdict{}, fmt.Errorf("cannot read %s: %w", object.Ref, err)
	case claim.Spec.VolumeName != "":
		return verdict{keep: "its volume " + claim.Spec.VolumeName + " may contain data"}, nil
	}
	return verdict{}, nil
}

// holding keeps an object that holds something of the user's, or of which that
// cannot be told.
func holding(object applyset.Object, users []applyset.Object, err error) (verdict, error) {
	var hidden *unseen
	switch {
	case errors.As(err, &hidden):
		return verdict{keep: hidden.Error()}, nil
	case apierrors.IsForbidden(err):
		return verdict{keep: (&unseen{err}).Error()}, nil
	case err != nil:
		return verdict{}, err
	case len(users) > 0 && object.Meta.DeletionTimestamp != nil: // which cannot be taken back
		return verdict{keep: "already being deleted, waiting for objects not installed by this tool: " + applyset.Summary(users)}, nil
	case len(users) > 0:
		return verdict{keep: "contains objects not installed by this tool: " + applyset.Summary(users)}, nil
	}
	return verdict{}, nil
}

// unseen is why nobody can tell whether something of the user's is in an
// object, which is a reason to keep it.
type unseen struct{ err error }

func (u *unseen) Error() string {
	return "cannot check it for objects not installed by this tool: " + redact.Text(strings.Join(strings.Fields(u.err.Error()), " "))
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

// sortKept puts what is kept in the order of its names.
func sortKept(kept []Kept) {
	slices.SortFunc(kept, func(a, b Kept) int { return cmp.Compare(a.Ref.String(), b.Ref.String()) })
}

// usesOf gathers objects of the cluster.
func usesOf(objects []applyset.Object) *preflight.Uses {
	gathered := &preflight.Uses{}
	for _, object := range objects {
		gathered.Add(object.Resource, object.Ref.Namespace, preflight.Object{Name: object.Ref.Name})
	}
	return gathered
}
