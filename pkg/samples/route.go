package samples

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// RouteLabel marks the VirtualServices that SampleRoute writes; its value is
// the service.
const RouteLabel = managedfields.Manager + "/route"

var (
	virtualServices  = istioNetworking.WithResource("virtualservices")
	destinationRules = istioNetworking.WithResource("destinationrules")
)

// Weight is a version's share of the requests to a service, in percent, from 0
// to 100. Those of a service must add up to 100, for whoever makes them to see
// to.
type Weight struct {
	Version string `json:"version"`
	Percent int    `json:"percent"`
}

// Route says to which versions the requests to a service go; without weights,
// to all of them alike, as Kubernetes does it.
type Route struct {
	Service string   `json:"service"`
	Weights []Weight `json:"weights"`
}

// ServiceRoute is a service of a sample, its versions, and where its requests
// go.
type ServiceRoute struct {
	Route
	Versions []string `json:"versions"`
}

// Routing shifts the traffic between the services of a sample. Cluster,
// Namespace and Sample are needed.
type Routing struct {
	Cluster   *cluster.Cluster
	Namespace string
	Sample    string
	// Routes are what to change; without any, nothing is.
	Routes []Route
	DryRun event.DryRun
}

// routing is what a sample has of routes on the cluster.
type routeState struct {
	inventory *applyset.Inventory
	// versions has the subsets of each service.
	versions map[string][]string
	// rules are all virtual services of the namespace.
	rules []unstructured.Unstructured
}

// Run changes the routes and gives all of the sample, sorted by service. Its
// errors are *SampleNotInstalledError, *InputError for a service or a version
// that the sample does not have, *RefusedError where somebody else's
// VirtualService routes the service, the cause of the context's end, and those
// of the API server.
func (s *Routing) Run(ctx context.Context) ([]ServiceRoute, error) {
	s.DryRun = cmp.Or(s.DryRun, event.DryRunNone)
	on, err := s.read(ctx)
	if err != nil {
		return nil, cluster.CauseOf(ctx, err)
	}
	for _, route := range s.Routes {
		if err := on.check(route); err != nil {
			return nil, err
		}
	}
	if len(s.Routes) > 0 && s.DryRun == event.DryRunNone {
		// Widened first, so that whatever happens then, it can be found again.
		set := applyset.Record{Source: on.inventory.Recorded.Source, Kinds: []schema.GroupKind{{Group: istioNetworking.Group, Kind: "VirtualService"}}}
		if err := on.inventory.Parent.Write(ctx, on.inventory.Recorded.Union(set)); err != nil {
			return nil, cluster.CauseOf(ctx, err)
		}
	}
	routes := on.routes()
	for _, route := range s.Routes {
		if s.DryRun != event.DryRunClient {
			if err := s.write(ctx, on, route); err != nil {
				return nil, cluster.CauseOf(ctx, err)
			}
		}
		for i := range routes {
			if routes[i].Service == route.Service {
				routes[i].Route = route
			}
		}
	}
	return routes, nil
}

// read looks at what is there.
func (s *Routing) read(ctx context.Context) (*routeState, error) {
	inventory, err := applyset.Open(ctx, s.Cluster.Core, applyset.SampleName(s.Sample), s.Namespace)
	if err != nil {
		return nil, err
	}
	if !inventory.Exists {
		return nil, &NotInstalledError{Sample: s.Sample, Namespace: s.Namespace}
	}
	on := &routeState{inventory: inventory, versions: map[string][]string{}}
	rules, err := s.Cluster.Dynamic.Resource(destinationRules).Namespace(s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: applyset.Selector(inventory.ID())})
	if err != nil {
		return nil, fmt.Errorf("cannot list destinationrules: %w", err)
	}
	for _, rule := range rules.Items {
		host, _, _ := unstructured.NestedString(rule.Object, "spec", "host")
		subsets, _, _ := unstructured.NestedSlice(rule.Object, "spec", "subsets")
		for _, subset := range subsets {
			fields, _ := subset.(map[string]any)
			name, _ := fields["name"].(string)
			on.versions[host] = append(on.versions[host], name)
		}
	}
	routes, err := s.Cluster.Dynamic.Resource(virtualServices).Namespace(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list virtualservices: %w", err)
	}
	on.rules = routes.Items
	return on, nil
}

// NotInstalledError says that a namespace has not got a sample.
type NotInstalledError struct{ Sample, Namespace string }

func (e *NotInstalledError) Error() string {
	return fmt.Sprintf("sample %s is not installed in namespace %s; run '%s%s', or find it with 'kubectl istio-demo sample list'",
		e.Sample, e.Namespace, shell.Line("kubectl istio-demo sample install {}", e.Sample), shell.In(e.Namespace))
}

// check refuses a route to what there is not, and one for a service whose
// requests somebody else routes.
func (on *routeState) check(route Route) error {
	versions, known := on.versions[route.Service]
	if !known {
		return &manifest.InputError{Err: fmt.Errorf("service %s not found in the sample; available: %s", route.Service, strings.Join(on.services(), ", "))}
	}
	for _, weight := range route.Weights {
		if !slices.Contains(versions, weight.Version) {
			return &manifest.InputError{Err: fmt.Errorf("service %s has no version %s; available: %s", route.Service, weight.Version, strings.Join(versions, ", "))}
		}
	}
	for _, rule := range on.rules {
		name := rule.GetName() == route.Service
		if on.ours(&rule) && rule.GetLabels()[RouteLabel] == route.Service {
			continue
		}
		if name || routesTo(rule, route.Service) {
			return &preflight.RefusedError{Failed: []preflight.Result{{
				Message: fmt.Sprintf("virtualservice %s/%s of another owner already routes service %s", rule.GetNamespace(), rule.GetName(), route.Service),
				Remedy:  "change that one, or delete it first",
			}}}
		}
	}
	return nil
}

// ours reports whether an object is the sample's.
func (on *routeState) ours(object metav1.Object) bool {
	return applyset.IsMember(object, on.inventory.ID())
}

func (on *routeState) services() []string {
	var names []string
	for name := range on.versions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// routesTo reports whether a virtual service is for the requests that pods make
// to a service, by either of its names.
func routesTo(rule unstructured.Unstructured, service string) bool {
	hosts, _, _ := unstructured.NestedStringSlice(rule.Object, "spec", "hosts")
	gateways, _, _ := unstructured.NestedStringSlice(rule.Object, "spec", "gateways")
	mesh := len(gateways) == 0 || slices.Contains(gateways, "mesh")
	full := service + "." + rule.GetNamespace()
	return mesh && slices.ContainsFunc(hosts, func(host string) bool {
		return host == service || host == full || strings.HasPrefix(host, full+".")
	})
}

// routes returns those of all services.
func (on *routeState) routes() []ServiceRoute {
	var routes []ServiceRoute
	for _, service := range on.services() {
		one := ServiceRoute{Route: Route{Service: service, Weights: []Weight{}}, Versions: on.versions[service]}
		for _, rule := range on.rules {
			if routesTo(rule, service) {
				one.Weights = weightsOf(rule)
			}
		}
		routes = append(routes, one)
	}
	return routes
}

// weightsOf reads a virtual service as SampleRoute writes it: its last route
// is the one without conditions, also where somebody has written others.
func weightsOf(rule unstructured.Unstructured) []Weight {
	weights := []Weight{}
	http, _, _ := unstructured.NestedSlice(rule.Object, "spec", "http")
	if len(http) == 0 {
		return weights
	}
	last, _ := http[len(http)-1].(map[string]any)
	destinations, _, _ := unstructured.NestedSlice(last, "route")
	for _, destination := range destinations {
		fields, _ := destination.(map[string]any)
		version, _, _ := unstructured.NestedString(fields, "destination", "subset")
		percent, found, _ := unstructured.NestedInt64(fields, "weight")
		if !found && len(destinations) == 1 {
			percent = 100
		}
		weights = append(weights, Weight{version, int(percent)})
	}
	return weights
}

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

// keepRoutes adds those that SampleRoute has set to what is installed, as they
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
