package install

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
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// ownersCheck is the name of the check for objects of other owners.
const ownersCheck = "foreign"

// otherOwner owns objects of the manifest.
type otherOwner struct {
	owner applyset.Owner
	// inventory is the one that the objects belong to, where the owner is one
	// and it can be found. Its kind is empty otherwise.
	inventory otherInventory
	refs      []event.Object
}

// accept refuses an object that somebody else has created since the checks.
func accept(l *applyset.Inventory) func(metav1.Object) error {
	return func(live metav1.Object) error {
		owner, ours := applyset.OwnerOf(live, l.ID())
		if ours {
			return nil
		}
		return fmt.Errorf("created by %s since the checks, and left alone; rerun the same command to see what can be done", owner)
	}
}

// otherInventory is an inventory of an ApplySet: its parent, and the tool that
// the parent names.
type otherInventory struct {
	parent event.Object
	tool   string
	// hidden is set where the user may not look for it.
	hidden bool
}

// String names the owner for people.
func (p otherOwner) String() string {
	switch {
	case p.inventory.tool == applyset.ToolName:
		return applyset.Describe(p.inventory.parent.Name) + " in namespace " + p.inventory.parent.Namespace
	case p.inventory.tool != "":
		return fmt.Sprintf("%s (ApplySet %s)", p.inventory.tool, p.inventory.parent)
	case p.inventory.hidden:
		return "another installation (ApplySet " + p.owner.ApplySetID + ")"
	}
	return p.owner.String()
}

// foreign finds the targets that are on the cluster and belong to somebody
// else, by owner, and marks them if they are to be adopted, and those that
// somebody else manages, too. Namespaces are anybody's.
func (i *Install) foreign(ctx context.Context, l *applyset.Inventory, targets []apply.Target) ([]otherOwner, error) {
	byOwner := map[applyset.Owner]*otherOwner{}
	sets := map[string]otherInventory{}
	for n := range targets {
		target := &targets[n]
		if target.Live == nil || manifest.IsNamespace(target.Object) {
			continue
		}
		owner, ours := applyset.OwnerOf(target.Live, l.ID())
		claimant, claimed := applyset.ClaimedBy(target.Live)
		if ours {
			target.Adopt, target.Claimed = claimed && i.Adopt, claimed && !i.Adopt
			continue
		}
		if _, known := sets[owner.ApplySetID]; !known && owner.Tool == applyset.ApplySet {
			var err error
			if sets[owner.ApplySetID], err = findInventory(ctx, i.Cluster.Metadata, owner.ApplySetID); err != nil {
				return nil, err
			}
		}
		set := sets[owner.ApplySetID]
		if owner.Made && set == (otherInventory{}) {
			// An uninstall left it, and the next install may have it.
			if owner = claimant; !claimed {
				continue
			}
		}
		if byOwner[owner] == nil {
			byOwner[owner] = &otherOwner{owner: owner, inventory: set}
		}
		byOwner[owner].refs = append(byOwner[owner].refs, target.Ref)
		target.Adopt = i.Adopt
	}
	var all []otherOwner
	for _, found := range byOwner {
		all = append(all, *found)
	}
	slices.SortFunc(all, func(a, b otherOwner) int { return cmp.Compare(a.String(), b.String()) })
	return all, nil
}

// findInventory finds an inventory by its ID; it is empty where there is none any more.
func findInventory(ctx context.Context, client metadata.Interface, id string) (otherInventory, error) {
	places := []applyset.Place{
		{Kind: schema.GroupKind{Kind: "ConfigMap"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}},
		{Kind: schema.GroupKind{Kind: "Secret"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "secrets"}},
	}
	parents, err := applyset.List(ctx, client, places, applyset.IDLabel+"="+id)
	switch {
	case apierrors.IsForbidden(err):
		return otherInventory{hidden: true}, nil
	case err != nil || len(parents) == 0:
		return otherInventory{}, err
	}
	tool, _, _ := strings.Cut(parents[0].Meta.Annotations[applyset.ToolingAnnotation], "/")
	return otherInventory{parent: parents[0].Ref, tool: cmp.Or(strings.Join(strings.Fields(tool), " "), "somebody")}, nil
}

// anotherIstio finds an Istio that runs beside the one of the manifest: the
// label is that of all of its releases.
func (i *Install) anotherIstio(ctx context.Context, l *applyset.Inventory, targets []apply.Target) ([]otherOwner, error) {
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
	deployments := applyset.Place{
		Kind:     schema.GroupKind{Group: "apps", Kind: "Deployment"},
		Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
	}
	found, err := applyset.List(ctx, i.Cluster.Metadata, []applyset.Place{deployments}, controlPlane)
	if apierrors.IsForbidden(err) {
		return nil, nil // whoever may not look into other namespaces
	}
	var others []otherOwner
	for _, object := range found {
		owner, ours := applyset.OwnerOf(object.Meta, l.ID())
		if own[object.Ref] || ours && object.Meta.Labels[applyset.PartOf] == l.ID() {
			continue
		}
		others = append(others, otherOwner{owner: owner, refs: []event.Object{object.Ref}})
	}
	return others, err
}

// ownerResults are the verdicts on what belongs to others.
func ownerResults(others, beside []otherOwner) []preflight.Result {
	var results []preflight.Result
	if len(others) == 0 && len(beside) == 0 {
		return []preflight.Result{{Name: ownersCheck, Verdict: preflight.Pass, Message: "no objects of other owners"}}
	}
	for _, other := range others {
		what := other.refs[0].String() + " belongs"
		if more := len(other.refs) - 1; more > 0 {
			what = fmt.Sprintf("%s and %d more of the manifest's objects belong", other.refs[0], more)
		}
		results = append(results, preflight.Result{
			Name:    ownersCheck,
			Verdict: preflight.Fail,
			Message: fmt.Sprintf("%s to %s", what, other),
			Remedy:  other.remedy() + ", or adopt it with --adopt",
		})
	}
	for _, other := range beside {
		results = append(results, preflight.Result{
			Name:    ownersCheck,
			Verdict: preflight.Fail,
			Message: fmt.Sprintf("another Istio is installed: %s", other.refs[0]),
			Remedy:  "remove it first, since two control planes interfere (--skip-checks=foreign continues anyway)",
		})
	}
	return results
}

// remedy says how an owner takes its objects away. Only what can be a name gets
// into a command: owners are named by what anybody can write.
func (p otherOwner) remedy() string {
	namespace, release, isRelease := p.owner.Release()
	sample, isSample := strings.CutPrefix(p.inventory.parent.Name, applyset.SamplePrefix)
	ours := p.inventory.tool == applyset.ToolName && isName(p.inventory.parent.Namespace) && isName(p.inventory.parent.Name)
	with := "the tool that owns it"
	switch {
	case isRelease:
		with = "'" + shell.Line("helm uninstall -n {} {}", namespace, release) + "'"
	case p.owner.Tool == applyset.Istioctl:
		with = "'istioctl uninstall --purge'"
	case ours && isSample:
		with = "'" + shell.Line("kubectl istio-demo sample uninstall {}", sample) + shell.In(p.inventory.parent.Namespace) + "'"
	case ours:
		with = "'kubectl istio-demo uninstall" + shell.In(p.inventory.parent.Namespace) + "'"
	}
	return "remove it with " + with
}

func isName(text string) bool { return len(validation.IsDNS1123Subdomain(text)) == 0 }
