package status

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// NotInstalledError says that a namespace has no installation, and what there is
// instead, as far as the user may see it.
type NotInstalledError struct {
	Namespace string
	// Elsewhere are the namespaces that have one, sorted.
	Elsewhere []string
	// Istio names the control plane of somebody else, and Owner whose it is.
	Istio, Owner string
}

func (e *NotInstalledError) Error() string {
	switch {
	case len(e.Elsewhere) > 0:
		return fmt.Sprintf("the demo is not installed in namespace %s; it is in %s: use%s",
			e.Namespace, strings.Join(e.Elsewhere, ", "), shell.In(e.Elsewhere[0]))
	case e.Istio != "":
		return fmt.Sprintf("the demo is not installed in namespace %s; the Istio of this cluster, %s, belongs to %s", e.Namespace, e.Istio, e.Owner)
	}
	return fmt.Sprintf("nothing is installed in namespace %s; run '%s', or choose another namespace with -n", e.Namespace, shell.Demo("install", e.Namespace))
}

// absent looks for what is installed elsewhere. What cannot be seen is left out.
func (s *Status) absent(ctx context.Context) error {
	none := &NotInstalledError{Namespace: s.Namespace}
	where, err := applyset.Namespaces(ctx, s.Cluster.Metadata)
	if err != nil {
		return none
	}
	none.Elsewhere = where[cmp.Or(s.Inventory, applyset.ParentName)]
	deployments := applyset.Place{
		Kind:     schema.GroupKind{Group: "apps", Kind: "Deployment"},
		Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
	}
	if len(none.Elsewhere) > 0 {
		return none
	}
	found, _ := applyset.List(ctx, s.Cluster.Metadata, []applyset.Place{deployments}, "istio=pilot")
	for _, istiod := range found[:min(len(found), 1)] {
		owner, ours := applyset.OwnerOf(istiod.Meta, s.id())
		none.Istio, none.Owner = istiod.Ref.String(), owner.String()
		if ours || owner.Made {
			none.Owner = "this plugin, without its inventory: 'kubectl istio-demo uninstall" + shell.In(istiod.Ref.Namespace) + "' removes it"
		}
	}
	return none
}
