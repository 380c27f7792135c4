package access

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// Dashboard opens a user interface of something that runs in the cluster.
// Cluster, Namespace, Name and Opened are needed, and Proxy where IsProxy says
// so. One Dashboard is for one goroutine.
type Dashboard struct {
	Cluster *cluster.Cluster
	// Namespace is the demo's; a proxy may be in another one.
	Namespace string
	// Name is one of Dashboards.
	Name string
	// Proxy names what the dashboard of a proxy is of:
	// [TYPE/]NAME[.NAMESPACE].
	Proxy string
	Local Local
	// Opened gets the URL, once, when it can be used. Run waits for it.
	Opened func(url string)
	Sink   event.Sink
}

// dashboard is one of those that there are.
type dashboard struct {
	// shows is what one sees there.
	shows string
	// selector is istioctl's; empty where one names a proxy.
	selector string
	port     int
	path     string
	// from tells how to have it, if it is missing.
	from origin
}

// origin is where the pods of a dashboard come from.
type origin int

const (
	// elsewhere: Istio's samples/addons/extras have it, and the demo does not.
	elsewhere origin = iota
	demoItself
	demoAddon
)

// addonSelector is what the addons have in common.
const addonSelector = "app.kubernetes.io/part-of=istio-demo"

// dashboards are those of istioctl, with its labels, ports and paths.
// https://istio.io/latest/docs/reference/commands/istioctl/#istioctl-dashboard
var dashboards = map[string]dashboard{
	"controlz":     {shows: "the ControlZ page of istiod", selector: "app=istiod", port: 9876, from: demoItself},
	"envoy":        {shows: "the admin page of a proxy", port: 15000},
	"grafana":      {shows: "metrics of the mesh", selector: "app.kubernetes.io/name=grafana", port: 3000, from: demoAddon},
	"istiod":       {shows: "the ControlZ page of istiod", selector: "app=istiod", port: 9876, from: demoItself},
	"istiod-debug": {shows: "the debug pages of istiod", selector: "app=istiod", port: 15014, path: "/debug", from: demoItself},
	"jaeger":       {shows: "traces", selector: "app=jaeger", port: 16686, from: demoAddon},
	"kiali":        {shows: "the mesh as a graph", selector: "app=kiali", port: 20001, path: "/kiali", from: demoAddon},
	"prometheus":   {shows: "queries for metrics", selector: "app.kubernetes.io/name=prometheus", port: 9090, from: demoAddon},
	"proxy":        {shows: "the admin page of a proxy", port: 15000},
	"skywalking":   {shows: "traces, if installed", selector: "app=skywalking-ui", port: 8080},
	"zipkin":       {shows: "traces, if installed", selector: "app=zipkin", port: 9411},
}

// DashboardNames returns the names of all dashboards, sorted.
func DashboardNames() []string { return slices.Sorted(maps.Keys(dashboards)) }

// DashboardTitle says in a few words what one sees on a dashboard; it is empty
// for a name that is none of Dashboards.
func DashboardTitle(name string) string { return dashboards[name].shows }

// DashboardPort is the port of the pod that has the dashboard, which people know.
func DashboardPort(name string) int { return dashboards[name].port }

// NeedsProxy reports whether a dashboard is that of a proxy, which must be named.
func NeedsProxy(name string) bool {
	found, ok := dashboards[name]
	return ok && found.selector == ""
}

// Run forwards a local port to the dashboard until its context ends, whose
// cause it gives. Its other errors say why there is no dashboard: ErrTimeout
// where a pod is there and does not become ready.
func (d *Dashboard) Run(ctx context.Context) error {
	shown := dashboards[d.Name]
	forward := &podForward{
		cluster:    d.Cluster,
		namespace:  d.Namespace,
		narrow:     func(options *metav1.ListOptions) { options.LabelSelector = shown.selector },
		candidates: &candidates{none: func() error { return d.missing(ctx, shown) }},
		port:       func(*corev1.Pod) (int, error) { return shown.port, nil },
		local:      d.Local,
		opened:     func(host string) { d.Opened("http://" + host + shown.path) },
		sink:       d.Sink,
	}
	if NeedsProxy(d.Name) {
		if err := d.choose(ctx, forward); err != nil {
			return err
		}
	}
	return forward.run(ctx)
}

// missing says how to have what is not there.
func (d *Dashboard) missing(ctx context.Context, shown dashboard) error {
	none := fmt.Sprintf("%s is not installed: namespace %s has no pod with the label %s", d.Name, d.Namespace, shown.selector)
	if shown.from == elsewhere {
		return fmt.Errorf("%s; it is not part of the demo: install it from Istio's samples/addons/extras, or run 'kubectl istio-demo dashboard jaeger' for the demo's traces", none)
	}
	selector := shown.selector
	if shown.from == demoAddon {
		selector = addonSelector
	}
	deployments := d.deployments(ctx, selector)
	for _, deployment := range deployments {
		mine := shown.from == demoItself || deployment.GetName() == d.Name
		if mine && scaledAway(&deployment) {
			return fmt.Errorf("deployment %s/%s is scaled to 0; run '%s%s --replicas=1'", d.Namespace, deployment.GetName(),
				shell.Line("kubectl scale deployment {}", deployment.GetName()), shell.In(d.Namespace))
		}
	}
	command := "install"
	if shown.from == demoAddon {
		command += " --reuse-values --addons=" + strings.Join(withAddon(deployments, d.Name), ",")
	}
	return fmt.Errorf("%s; run '%s', or choose another namespace with -n", none, shell.Demo(command, d.Namespace))
}

// withAddon returns the addons that are there, and the one that is missed:
// --addons is to name all that are wanted.
func withAddon(installed []unstructured.Unstructured, missed string) []string {
	names := []string{missed}
	for _, deployment := range installed {
		if name := deployment.GetName(); dashboards[name].from == demoAddon {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// deployments lists those of the namespace with these labels; none where that
// cannot be seen.
func (d *Dashboard) deployments(ctx context.Context, selector string) []unstructured.Unstructured {
	resource := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	list, err := d.Cluster.Dynamic.Resource(resource).Namespace(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil // there is a remedy all the same
	}
	return list.Items
}

// scaledAway reports whether somebody wants no pods of a Deployment.
func scaledAway(deployment *unstructured.Unstructured) bool {
	replicas, found, err := unstructured.NestedInt64(deployment.Object, "spec", "replicas")
	return found && err == nil && replicas == 0
}
