package samples

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// write stores a route, or deletes it where it is for all versions alike.
func (s *Routing) write(ctx context.Context, on *routeState, route Route) error {
	client := s.Cluster.Dynamic.Resource(virtualServices).Namespace(s.Namespace)
	var dryRun []string
	if s.DryRun == event.DryRunServer {
		dryRun = []string{metav1.DryRunAll}
	}
	if len(route.Weights) == 0 {
		uid, found := on.identity(route.Service)
		if !found {
			return nil
		}
		err := client.Delete(ctx, route.Service, metav1.DeleteOptions{DryRun: dryRun, Preconditions: metav1.NewUIDPreconditions(string(uid))})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot delete virtualservice %s/%s: %w", s.Namespace, route.Service, err)
		}
		return nil
	}
	// Whoever has changed the route by hand means this command now.
	options := metav1.ApplyOptions{FieldManager: managedfields.Manager, Force: true, DryRun: dryRun}
	if _, err := client.Apply(ctx, route.Service, routeObject(route, s.Namespace, on.inventory.ID()), options); err != nil {
		return fmt.Errorf("cannot write virtualservice %s/%s: %w", s.Namespace, route.Service, err)
	}
	return nil
}

// identity returns the route that was read: only that is deleted.
func (on *routeState) identity(name string) (types.UID, bool) {
	for _, rule := range on.rules {
		if rule.GetName() == name && on.ours(&rule) {
			return rule.GetUID(), true
		}
	}
	return "", false
}

// routeObject is the virtual service for a route.
func routeObject(route Route, namespace, id string) *unstructured.Unstructured {
	var destinations []any
	for _, weight := range route.Weights {
		destinations = append(destinations, map[string]any{
			"destination": map[string]any{"host": route.Service, "subset": weight.Version},
			"weight":      int64(weight.Percent),
		})
	}
	return newRoute(route.Service, namespace, id, map[string]any{
		"hosts": []any{route.Service},
		"http":  []any{map[string]any{"route": destinations}},
	})
}

func newRoute(service, namespace, id string, spec any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": istioNetworking.String(),
		"kind":       "VirtualService",
		"metadata": map[string]any{
			"name":      service,
			"namespace": namespace,
			"labels":    map[string]any{applyset.PartOf: id, RouteLabel: service},
		},
		"spec": spec,
	}}
}

// keepRoutes adds those that Routing has set to what is installed, as they
// are, so that they are neither pruned nor changed.
func (s *Install) keepRoutes(ctx context.Context, to *manifest.Manifest) error {
	id := applyset.ID(s.Inventory, s.Namespace.Name)
	found, err := s.Cluster.Dynamic.Resource(virtualServices).Namespace(s.Namespace.Name).
		List(ctx, metav1.ListOptions{LabelSelector: applyset.Selector(id) + "," + RouteLabel})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return nil // there are none, or the check of permissions says more
	}
	if err != nil {
		return fmt.Errorf("cannot list virtualservices: %w", err)
	}
	for i := range found.Items {
		rule := &found.Items[i]
		if !applyset.IsMember(rule, id) {
			continue // somebody's copy
		}
		kept := newRoute(rule.GetName(), s.Namespace.Name, id, rule.Object["spec"])
		to.Objects = append(to.Objects, manifest.Object{Unstructured: kept, Source: manifest.Source{File: "sample route"}})
	}
	return nil
}
