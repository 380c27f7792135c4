package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/metadata"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// foreignCheck is the name of the check for objects of other owners.
const foreignCheck = "foreign"

// property is what somebody else owns of what the manifest has.
type property struct {
	owner ownership.Owner
	// set is the inventory that the objects belong to, where the owner is one
	// and it can be found. Its kind is empty otherwise.
	set  inventorySet
	refs []event.Object
}

// accept refuses an object that somebody else has created since the checks.
func accept(l *ledger) func(metav1.Object) error {
	return func(live metav1.Object) error {
		owner, ours := ownership.Of(live, l.id(), apply.FieldManager)
		if ours {
			return nil
		}
		return fmt.Errorf("created by %s since the checks, and left alone; rerun the same command to see what can be done", owner)
	}
}

// inventorySet is an inventory of an ApplySet: its parent, and the tool that
// the parent names.
type inventorySet struct {
	parent event.Object
	tool   string
	// hidden is set where the user may not look for it.
	hidden bool
}

// String names the owner for people.
func (p property) String() string {
	switch {
	case p.set.tool == inventory.Tool:
		return whose(p.set.parent.Name) + " in namespace " + p.set.parent.Namespace
	case p.set.tool != "":
		return fmt.Sprintf("%s (ApplySet %s)", p.set.tool, p.set.parent)
	case p.set.hidden:
		return "another installation (ApplySet " + p.owner.Set + ")"
	}
	return p.owner.String()
}

// foreign finds the targets that are on the cluster and belong to somebody
// else, by owner, and marks them if they are to be adopted, and those that
// somebody else manages, too. Namespaces are anybody's.
func (i *Install) foreign(ctx context.Context, l *ledger, targets []apply.Target) ([]property, error) {
	byOwner := map[ownership.Owner]*property{}
	sets := map[string]inventorySet{}
	for n := range targets {
		target := &targets[n]
		if target.Live == nil || manifest.IsNamespace(target.Object) {
			continue
		}
		owner, ours := ownership.Of(target.Live, l.id(), apply.FieldManager)
		claimant, claimed := ownership.Claimed(target.Live, apply.FieldManager)
		if ours {
			target.Adopt, target.Claimed = claimed && i.Adopt, claimed && !i.Adopt
			continue
		}
		if _, known := sets[owner.Set]; !known && owner.Tool == ownership.ApplySet {
			var err error
			if sets[owner.Set], err = findSet(ctx, i.Cluster.Metadata, owner.Set); err != nil {
				return nil, err
			}
		}
		set := sets[owner.Set]
		if owner.Made && set == (inventorySet{}) {
			// An uninstall left it, and the next install may have it.
			if owner = claimant; !claimed {
				continue
			}
		}
		if byOwner[owner] == nil {
			byOwner[owner] = &property{owner: owner, set: set}
		}
		byOwner[owner].refs = append(byOwner[owner].refs, target.Ref)
		target.Adopt = i.Adopt
	}
	var all []property
	for _, found := range byOwner {
		all = append(all, *found)
	}
	slices.SortFunc(all, func(a, b property) int { return cmp.Compare(a.String(), b.String()) })
	return all, nil
}

// findSet finds an inventory by its ID; it is empty where there is none any more.
func findSet(ctx context.Context, client metadata.Interface, id string) (inventorySet, error) {
	places := []inventory.Place{
		{Kind: schema.GroupKind{Kind: "ConfigMap"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}},
		{Kind: schema.GroupKind{Kind: "Secret"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "secrets"}},
	}
	parents, err := inventory.List(ctx, client, places, inventory.IDLabel+"="+id)
	switch {
	case apierrors.IsForbidden(err):
		return inventorySet{hidden: true}, nil
	case err != nil || len(parents) == 0:
		return inventorySet{}, err
	}
	tool, _, _ := strings.Cut(parents[0].Meta.Annotations[inventory.ToolingAnnotation], "/")
	return inventorySet{parent: parents[0].Ref, tool: cmp.Or(strings.Join(strings.Fields(tool), " "), "somebody")}, nil
}

// anotherIstio finds an Istio that runs beside the one of the manifest: the
// label is that of all of its releases.
func (i *Install) anotherIstio(ctx context.Context, l *ledger, targets []apply.Target) ([]property, error) {
	const controlPlane = "istio=pilot"
	own := map[event.Object]bool{}
	for n := range targets { // which are being observed meanwhile
		target := &targets[n]
		if target.Ref.Kind == "Deployment" && target.Object.GetLabels()["istio"] == "pilot" {
			own[target.Ref] = true
		}
	}
	if len(own) == 0 {
		return nil, nil
	}
	deployments := inventory.Place{
		Kind:     schema.GroupKind{Group: "apps", Kind: "Deployment"},
		Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
	}
	found, err := inventory.List(ctx, i.Cluster.Metadata, []inventory.Place{deployments}, controlPlane)
	if apierrors.IsForbidden(err) {
		return nil, nil // whoever may not look into other namespaces
	}
	var others []property
	for _, object := range found {
		owner, ours := ownership.Of(object.Meta, l.id(), apply.FieldManager)
		if own[object.Ref] || ours && object.Meta.Labels[inventory.PartOf] == l.id() {
			continue
		}
		others = append(others, property{owner: owner, refs: []event.Object{object.Ref}})
	}
	return others, err
}

// foreignResults are the verdicts on what belongs to others.
func foreignResults(taken, beside []property) []preflight.Result {
	var results []preflight.Result
	if len(taken) == 0 && len(beside) == 0 {
		return []preflight.Result{{Name: foreignCheck, Verdict: preflight.Pass, Message: "nothing of it belongs to anybody else"}}
	}
	for _, property := range taken {
		what := property.refs[0].String() + " belongs"
		if more := len(property.refs) - 1; more > 0 {
			what = fmt.Sprintf("%s and %d more of the manifest's objects belong", property.refs[0], more)
		}
		results = append(results, preflight.Result{
			Name:    foreignCheck,
			Verdict: preflight.Fail,
			Message: fmt.Sprintf("%s to %s", what, property),
			Remedy:  property.remedy() + ", or take over what is there with --adopt",
		})
	}
	for _, property := range beside {
		results = append(results, preflight.Result{
			Name:    foreignCheck,
			Verdict: preflight.Fail,
			Message: fmt.Sprintf("another Istio is on the cluster: %s", property.refs[0]),
			Remedy:  "take it away first; two of them get into each other's way (--skip-checks=foreign goes on all the same)",
		})
	}
	return results
}

// remedy says how an owner takes its objects away. Only what can be a name gets
// into a command: owners are named by what anybody can write.
func (p property) remedy() string {
	namespace, release, isRelease := p.owner.Release()
	sample, isSample := strings.CutPrefix(p.set.parent.Name, samplePrefix)
	ours := p.set.tool == inventory.Tool && isName(p.set.parent.Namespace) && isName(p.set.parent.Name)
	with := "the tool that owns it"
	switch {
	case isRelease:
		with = "'" + shell.Line("helm uninstall -n {} {}", namespace, release) + "'"
	case p.owner.Tool == ownership.Istioctl:
		with = "'istioctl uninstall --purge'"
	case ours && isSample:
		with = "'" + shell.Line("kubectl istio-demo sample uninstall {}", sample) + shell.In(p.set.parent.Namespace) + "'"
	case ours:
		with = "'kubectl istio-demo uninstall" + shell.In(p.set.parent.Namespace) + "'"
	}
	return "take it away with " + with
}

func isName(text string) bool { return len(validation.IsDNS1123Subdomain(text)) == 0 }
