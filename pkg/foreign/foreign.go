// Package foreign finds objects that belong to another tool or installation, and says
// what can be done about them.
package foreign

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

// Check is the name of the check for objects of other owners.
const Check = "foreign"

// Holder owns objects of a manifest, or a control plane beside it.
type Holder struct {
	// Owner is what the objects tell, and Refs name them.
	Owner applyset.Owner
	Refs  []event.Object
	// inventory is the one that the objects belong to, where the owner is one
	// and it can be found. Its kind is empty otherwise.
	inventory inventory
}

// Accept returns what refuses an object that somebody else than the inventory with
// this ID has created since the checks.
func Accept(id string) func(metav1.Object) error {
	return func(live metav1.Object) error {
		owner, ours := applyset.OwnerOf(live, id)
		if ours {
			return nil
		}
		return fmt.Errorf("created by %s since the checks, and left alone; rerun the same command to see what can be done", owner)
	}
}

// inventory is that of an ApplySet: its parent, and the tool that
// the parent names.
type inventory struct {
	parent event.Object
	tool   string
	// hidden is set where the user may not look for it.
	hidden bool
}

// String names the owner for people.
func (p Holder) String() string {
	switch {
	case p.inventory.tool == applyset.ToolName:
		return applyset.Describe(p.inventory.parent.Name) + " in namespace " + p.inventory.parent.Namespace
	case p.inventory.tool != "":
		return fmt.Sprintf("%s (ApplySet %s)", p.inventory.tool, p.inventory.parent)
	case p.inventory.hidden:
		return "another installation (ApplySet " + p.Owner.ApplySetID + ")"
	}
	return p.Owner.String()
}

// Find finds the targets that are on the cluster and belong to somebody else than
// the inventory with this ID, by owner, and marks them if they are to be adopted,
// and those that somebody else manages, too. Namespaces are anybody's. The error is
// the API server's.
func Find(ctx context.Context, client metadata.Interface, id string, targets []apply.Target, adopt bool) ([]Holder, error) {
	byOwner := map[applyset.Owner]*Holder{}
	sets := map[string]inventory{}
	for n := range targets {
		target := &targets[n]
		if target.Live == nil || manifest.IsNamespace(target.Object) {
			continue
		}
		owner, ours := applyset.OwnerOf(target.Live, id)
		claimant, claimed := applyset.ClaimedBy(target.Live)
		if ours {
			target.Adopt, target.Claimed = claimed && adopt, claimed && !adopt
			continue
		}
		if _, known := sets[owner.ApplySetID]; !known && owner.Tool == applyset.ApplySet {
			var err error
			if sets[owner.ApplySetID], err = findInventory(ctx, client, owner.ApplySetID); err != nil {
				return nil, err
			}
		}
		set := sets[owner.ApplySetID]
		if owner.Made && set == (inventory{}) {
			// An uninstall left it, and the next install may have it.
			if owner = claimant; !claimed {
				continue
			}
		}
		if byOwner[owner] == nil {
			byOwner[owner] = &Holder{Owner: owner, inventory: set}
		}
		byOwner[owner].Refs = append(byOwner[owner].Refs, target.Ref)
		target.Adopt = adopt
	}
	var all []Holder
	for _, found := range byOwner {
		all = append(all, *found)
	}
	slices.SortFunc(all, func(a, b Holder) int { return cmp.Compare(a.String(), b.String()) })
	return all, nil
}

// findInventory finds an inventory by its ID; it is empty where there is none any more.
func findInventory(ctx context.Context, client metadata.Interface, id string) (inventory, error) {
	places := []applyset.Place{
		{Kind: schema.GroupKind{Kind: "ConfigMap"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}},
		{Kind: schema.GroupKind{Kind: "Secret"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "secrets"}},
	}
	parents, err := applyset.List(ctx, client, places, applyset.IDLabel+"="+id)
	switch {
	case apierrors.IsForbidden(err):
		return inventory{hidden: true}, nil
	case err != nil || len(parents) == 0:
		return inventory{}, err
	}
	tool, _, _ := strings.Cut(parents[0].Meta.Annotations[applyset.ToolingAnnotation], "/")
	return inventory{parent: parents[0].Ref, tool: cmp.Or(strings.Join(strings.Fields(tool), " "), "somebody")}, nil
}

// AnotherIstio finds an Istio that runs beside the one of the targets, and is not of
// the inventory with this ID: the label is that of all of its releases. The error
// is the API server's.
func AnotherIstio(ctx context.Context, client metadata.Interface, id string, targets []apply.Target) ([]Holder, error) {
	const controlPlane = "istio=pilot"
	own := controlPlanes(targets)
	if len(own) == 0 {
		return nil, nil
	}
	deployments := applyset.Place{
		Kind:     schema.GroupKind{Group: "apps", Kind: "Deployment"},
		Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
	}
	found, err := applyset.List(ctx, client, []applyset.Place{deployments}, controlPlane)
	if apierrors.IsForbidden(err) {
		return nil, nil // whoever may not look into other namespaces
	}
	var others []Holder
	for _, object := range found {
		owner, ours := applyset.OwnerOf(object.Meta, id)
		if own[object.Ref] || ours && object.Meta.Labels[applyset.PartOf] == id {
			continue
		}
		others = append(others, Holder{Owner: owner, Refs: []event.Object{object.Ref}})
	}
	return others, err
}

// controlPlanes returns the Deployments of istiod, by the label of all releases.
func controlPlanes(targets []apply.Target) map[event.Object]bool {
	own := map[event.Object]bool{}
	for n := range targets { // which are being observed meanwhile
		target := &targets[n]
		if target.Ref.Kind == "Deployment" && target.Object.GetLabels()["istio"] == "pilot" {
			own[target.Ref] = true
		}
	}
	return own
}

// useIt is the first advice beside an Istio that may be somebody's, on which
// others may depend.
const useIt = "use it: 'kubectl istio-demo sample install bookinfo' works with it"

// Results are the verdicts on objects of the targets that belong to others, and on
// control planes beside that of the targets.
func Results(others, beside []Holder, targets []apply.Target) []preflight.Result {
	istio := len(controlPlanes(targets)) > 0
	var results []preflight.Result
	if len(others) == 0 && len(beside) == 0 {
		return []preflight.Result{{Name: Check, Verdict: preflight.Pass, Message: "no objects of other owners"}}
	}
	for _, other := range others {
		what := other.Refs[0].String() + " belongs"
		if more := len(other.Refs) - 1; more > 0 {
			what = fmt.Sprintf("%s and %d more of the manifest's objects belong", other.Refs[0], more)
		}
		results = append(results, preflight.Result{
			Name:    Check,
			Verdict: preflight.Fail,
			Message: fmt.Sprintf("%s to %s", what, other),
			Remedy:  other.remedy(istio),
		})
	}
	for _, other := range beside {
		results = append(results, preflight.Result{
			Name:    Check,
			Verdict: preflight.Fail,
			Message: fmt.Sprintf("another Istio is installed: %s", other.Refs[0]),
			Remedy:  useIt + "; remove it only if it is yours (--skip-checks=foreign continues with two control planes, which interfere)",
		})
	}
	return results
}

// remedy says what can be done about the objects of an owner; their removal comes
// last, and by the owner's own tool. Only what can be a name gets into a command:
// owners are named by what anybody can write.
func (p Holder) remedy(istio bool) string {
	namespace, release, isRelease := p.Owner.Release()
	sample, isSample := strings.CutPrefix(p.inventory.parent.Name, applyset.SamplePrefix)
	ours := p.inventory.tool == applyset.ToolName && isName(p.inventory.parent.Namespace) && isName(p.inventory.parent.Name)
	with := "the tool that owns it"
	switch {
	case isRelease:
		with = "'" + shell.Line("helm uninstall -n {} {}", namespace, release) + "'"
	case p.Owner.Tool == applyset.Istioctl:
		with = "'istioctl uninstall --purge'"
	case ours && isSample:
		with = "'" + shell.Line("kubectl istio-demo sample uninstall {}", sample) + shell.In(p.inventory.parent.Namespace) + "'"
	case ours:
		with = "'kubectl istio-demo uninstall" + shell.In(p.inventory.parent.Namespace) + "'"
	}
	adopt := "adopt it with --adopt"
	if len(p.Refs) > 1 {
		adopt = fmt.Sprintf("adopt these %d objects with --adopt", len(p.Refs))
	}
	if istio {
		adopt = useIt + "; or " + adopt
	}
	return adopt + "; only if it is yours, remove it with " + with
}

func isName(text string) bool { return len(validation.IsDNS1123Subdomain(text)) == 0 }

// Adopted says what an adoption leaves behind.
func (p Holder) Adopted() string {
	what := fmt.Sprintf("%d objects are", len(p.Refs))
	if len(p.Refs) == 1 {
		what = p.Refs[0].String() + " is"
	}
	if namespace, release, isHelm := p.Owner.Release(); isHelm {
		return fmt.Sprintf("%s adopted from %s, which still has a record of the release; '%s' deletes it",
			what, p, shell.Line("kubectl delete secret -n {} -l owner=helm,name={}", namespace, release))
	}
	return fmt.Sprintf("%s adopted from %s", what, p)
}
