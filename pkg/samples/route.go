package samples

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// RouteLabel marks the VirtualServices that Routing writes; its value is
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
// errors are *NotInstalledError, *InputError for a service or a version
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
		where, _ := applyset.Namespaces(ctx, s.Cluster.Metadata)
		return nil, &NotInstalledError{Sample: s.Sample, Namespace: s.Namespace, Elsewhere: where[applyset.SampleName(s.Sample)]}
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

// NotInstalledError says that a sample is not installed in a namespace.
type NotInstalledError struct {
	Sample, Namespace string
	// Elsewhere are the namespaces that have it, as far as the user may see them.
	Elsewhere []string
}

func (e *NotInstalledError) Error() string {
	if len(e.Elsewhere) > 0 {
		return fmt.Sprintf("sample %s is not installed in namespace %s; it is in %s: use%s",
			e.Sample, e.Namespace, strings.Join(e.Elsewhere, ", "), shell.In(e.Elsewhere[0]))
	}
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

// weightsOf reads a virtual service as Routing writes it: its last route
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
