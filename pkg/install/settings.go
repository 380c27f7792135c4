package install

import (
	"context"
	"fmt"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// LastSettings returns what the user has said in the last install of the demo in
// a namespace; known is false where there was none, or an older version has not
// kept it. It takes one request.
func LastSettings(ctx context.Context, cluster *cluster.Cluster, namespace string) (settings manifest.Settings, known bool, err error) {
	inventory, err := applyset.Open(ctx, cluster.Core, "", namespace)
	if err != nil {
		return manifest.Settings{}, false, err
	}
	settings, known = manifest.ParseSettings(inventory.Recorded.Settings)
	return settings, known, nil
}

// reportDropped says, before the first write, which settings of the last install
// this one does not have.
func (i *Install) reportDropped(c *checked) {
	before, known := manifest.ParseSettings(c.inventory.Recorded.Settings)
	if !known || c.manifest.Settings == nil || c.manifest.Reset {
		return
	}
	dropped := before.Dropped(*c.manifest.Settings)
	if len(dropped) == 0 {
		return
	}
	verb := "was set by the last install and is not now; keep it with --reuse-values, or confirm with --reset-values"
	if len(dropped) > 1 {
		verb = "were set by the last install and are not now; keep them with --reuse-values, or confirm with --reset-values"
	}
	i.Sink(event.Warning{Message: fmt.Sprintf("%s %s", strings.Join(dropped, ", "), verb)})
}
