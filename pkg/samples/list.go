package samples

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
)

// List tells where samples are installed.
type List struct {
	Cluster *cluster.Cluster
	// Namespace is where to look if the user may not look everywhere.
	Namespace string
}

// Run returns the namespaces of each sample that is installed, sorted. Everywhere
// is false where only the namespace could be looked at. The error is the API
// server's, or the cause of the context's end.
func (s *List) Run(ctx context.Context) (installed map[string][]string, everywhere bool, err error) {
	place := applyset.Place{Kind: schema.GroupKind{Kind: "ConfigMap"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}}
	found, err := applyset.List(ctx, s.Cluster.Metadata, []applyset.Place{place}, applyset.IDLabel)
	everywhere = !apierrors.IsForbidden(err)
	if !everywhere {
		place.Namespace = s.Namespace
		found, err = applyset.List(ctx, s.Cluster.Metadata, []applyset.Place{place}, applyset.IDLabel)
	}
	installed = map[string][]string{}
	for _, parent := range found {
		ours := parent.Meta.Labels[applyset.IDLabel] == applyset.ID(parent.Ref.Name, parent.Ref.Namespace)
		if name, is := strings.CutPrefix(parent.Ref.Name, applyset.SamplePrefix); is && ours {
			installed[name] = append(installed[name], parent.Ref.Namespace)
		}
	}
	return installed, everywhere, cluster.CauseOf(ctx, err)
}
