package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// foreignCheck is the name of the check for objects of other owners.
const foreignCheck = "foreign"

// property is what somebody else owns of what the manifest has.
type property struct {
	owner ownership.Owner
	refs  []event.Object
}

// foreign finds the targets that are on the cluster and belong to somebody
// else, by owner, and marks them if they are to be adopted. Namespaces are
// anybody's.
func (l *ledger) foreign(ctx context.Context, cluster *Cluster, targets []apply.Target, adopt bool) ([]property, error) {
	byName := map[string]*property{}
	parents := map[string]string{}
	for i := range targets {
		target := &targets[i]
		if target.Live == nil || manifest.IsNamespace(target.Object) {
			continue
		}
		owner, ours := ownership.Of(target.Live, l.id(), apply.FieldManager)
		if ours {
			continue
		}
		if owner.ApplySet != "" {
			if _, known := parents[owner.ApplySet]; !known {
				name, err := parentOf(ctx, cluster, owner.ApplySet)
				if err != nil {
					return nil, err
				}
				parents[owner.ApplySet] = name
			}
			if owner.Name = parents[owner.ApplySet]; owner.Name == "" && owner.Made {
				continue // an uninstall kept it, and whoever comes next may have it
			} else if owner.Name == "" {
				owner.Name = "another ApplySet (" + owner.ApplySet + ")"
			}
		}
		if byName[owner.Name] == nil {
			byName[owner.Name] = &property{owner: owner}
		}
		byName[owner.Name].refs = append(byName[owner.Name].refs, target.Ref)
		target.Adopt = adopt
	}
	var all []property
	for _, found := range byName {
		all = append(all, *found)
	}
	slices.SortFunc(all, func(a, b property) int { return cmp.Compare(a.owner.Name, b.owner.Name) })
	return all, nil
}

// parentOf names for people the owner of a set; it is empty where the set has
// no parent any more.
func parentOf(ctx context.Context, cluster *Cluster, id string) (string, error) {
	places := []inventory.Place{
		{Kind: schema.GroupKind{Kind: "ConfigMap"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}},
		{Kind: schema.GroupKind{Kind: "Secret"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "secrets"}},
	}
	parents, err := inventory.List(ctx, cluster.Metadata, places, inventory.IDLabel+"="+id)
	switch {
	case apierrors.IsForbidden(err):
		return "another installation (ApplySet " + id + ")", nil
	case err != nil:
		return "", err
	case len(parents) == 0:
		return "", nil
	}
	parent := parents[0]
	tooling, _, _ := strings.Cut(parent.Meta.Annotations[inventory.ToolingAnnotation], "/")
	if tooling == inventory.Tool {
		return whose(parent.Ref.Name) + " in namespace " + parent.Ref.Namespace, nil
	}
	return fmt.Sprintf("%s (ApplySet %s)", tooling, parent.Ref), nil
}

// anotherIstio finds an Istio that runs beside the one of the manifest: the
// label is that of all of its releases.
func (l *ledger) anotherIstio(ctx context.Context, cluster *Cluster, targets []apply.Target) ([]property, error) {
	const controlPlane = "istio=pilot"
	own := map[event.Object]bool{}
	for i := range targets { // which are being observed meanwhile
		target := &targets[i]
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
	found, err := inventory.List(ctx, cluster.Metadata, []inventory.Place{deployments}, controlPlane)
	if apierrors.IsForbidden(err) {
		return nil, nil // whoever may not look into other namespaces
	}
	var others []property
	for _, object := range found {
		owner, ours := ownership.Of(object.Meta, l.id(), apply.FieldManager)
		if own[object.Ref] || ours && object.Meta.Labels[inventory.PartOf] == l.id() {
			continue
		}
		others = append(others, property{owner, []event.Object{object.Ref}})
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
			Message: fmt.Sprintf("%s to %s", what, property.owner.Name),
			Remedy:  takeAway(property.owner) + ", or take over what is there with --adopt",
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

// takeAway says how an owner takes its objects away.
func takeAway(owner ownership.Owner) string {
	switch {
	case owner.Helm != "":
		namespace, release, _ := strings.Cut(owner.Helm, "/")
		return fmt.Sprintf("take it away with 'helm uninstall -n %s %s'", namespace, release)
	case owner.Name == "istioctl":
		return "take it away with 'istioctl uninstall --purge'"
	case strings.HasPrefix(owner.Name, "the demo in namespace "):
		return "take it away with 'kubectl istio-demo uninstall -n " + strings.TrimPrefix(owner.Name, "the demo in namespace ") + "'"
	case strings.HasPrefix(owner.Name, "the sample "):
		sample, namespace, _ := strings.Cut(strings.TrimPrefix(owner.Name, "the sample "), " in namespace ")
		return "take it away with 'kubectl istio-demo sample uninstall " + sample + " -n " + namespace + "'"
	}
	return "take it away with the tool that owns it"
}
