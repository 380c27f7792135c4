package demo

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
)

// served waits until the API server serves the versions that the manifest
// defines and uses. A definition that gains a version is established as it
// was, and says nothing of when the new version is there; nor does anything
// else that could be watched, so that discovery is asked, one request a
// version, and more only as long as it is not there.
func (i *Install) served(ctx context.Context, on *course) error {
	wanted := map[schema.GroupVersion][]string{}
	for _, target := range on.targets {
		gvk := target.Object.GroupVersionKind()
		if on.kinds.Defined(gvk) {
			wanted[gvk.GroupVersion()] = append(wanted[gvk.GroupVersion()], target.Resource.Resource)
		}
	}
	client := discovery.ToDiscoveryInterfaceWithContext(i.Cluster.Discovery)
	often := wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Cap: 2 * time.Second, Steps: 1 << 20}
	for version, resources := range wanted {
		err := often.DelayFunc().Until(ctx, true, true, func(ctx context.Context) (bool, error) {
			list, err := client.ServerResourcesForGroupVersionWithContext(ctx, version.String())
			if err != nil {
				return false, nil // not there yet; the context bounds how long
			}
			there := map[string]bool{}
			for _, resource := range list.APIResources {
				there[resource.Name] = true
			}
			for _, resource := range resources {
				if !there[resource] {
					return false, nil
				}
			}
			return true, nil
		})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
