package install

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
)

// served waits until the API server serves the versions that the manifest
// defines and uses, and tells which of them it does not serve yet. A definition
// that gains a version is established as it was, and says nothing of when the
// new version is there; nor does anything else that could be watched, so that
// discovery is asked, one request a version, and more only as long as it is not
// there.
func (i *Install) served(ctx context.Context, r *resolved, tell event.Sink) error {
	wanted := map[schema.GroupVersion][]string{}
	for _, target := range r.targets {
		gvk := target.Object.GroupVersionKind()
		if r.kinds.Defined(gvk) {
			wanted[gvk.GroupVersion()] = append(wanted[gvk.GroupVersion()], target.Resource.Resource)
		}
	}
	client := discovery.ToDiscoveryInterfaceWithContext(i.Cluster.Discovery)
	for version, resources := range wanted {
		slices.Sort(resources)
		awaited := &awaitedVersion{client: client, version: version, resources: slices.Compact(resources), tell: tell}
		if err := awaited.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// awaitedVersion is a version of an API that is not served everywhere yet.
type awaitedVersion struct {
	client    discovery.ServerResourcesInterfaceWithContext
	version   schema.GroupVersion
	resources []string
	tell      event.Sink
	// missing are the CRDs of the resources that were not there.
	missing []ready.Pending
}

// wait returns a *ready.NotReadyError where the context ends before all resources
// are there, and the API server's where it does not let the user ask.
func (a *awaitedVersion) wait(ctx context.Context) error {
	often := wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Cap: 2 * time.Second, Steps: 1 << 20}
	err := often.DelayFunc().Until(ctx, true, true, a.ask)
	if ctx.Err() != nil && len(a.missing) > 0 {
		return &ready.NotReadyError{Pending: a.missing, Cause: context.Cause(ctx)}
	}
	return cmp.Or(context.Cause(ctx), err)
}

// ask reports whether all resources are there.
func (a *awaitedVersion) ask(ctx context.Context) (bool, error) {
	list, err := a.client.ServerResourcesForGroupVersionWithContext(ctx, a.version.String())
	message := fmt.Sprintf("the API server does not serve version %s yet", a.version.Version)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return false, fmt.Errorf("cannot tell whether the API server serves %s: %w; ask for the ClusterRole system:discovery, which every user has by default", a.version, err)
	case err != nil && !apierrors.IsNotFound(err):
		message += fmt.Sprintf(" (%v)", err)
	}
	there := map[string]bool{}
	if list != nil {
		for _, resource := range list.APIResources {
			there[resource.Name] = true
		}
	}
	a.missing = nil
	for _, resource := range a.resources {
		crd := event.Object{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: resource + "." + a.version.Group}
		if there[resource] {
			a.tell(event.Ready{Object: crd})
			continue
		}
		a.missing = append(a.missing, ready.Pending{Target: ready.Target{Ref: crd}, Message: message})
		a.tell(event.Waiting{Object: crd, Message: message})
	}
	return len(a.missing) == 0, nil
}
