package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/access"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/suggest"
)

// nearOptions are the flags of what forwards a local port.
type nearOptions struct {
	address string
	port    int
	timeout timeLimit
}

func (o *nearOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.address, "address", "localhost", "Local IP address to listen on, or localhost")
	flags.IntVar(&o.port, "port", 0, "Local port; 0 selects a free port")
	o.timeout.addFlag(flags, time.Minute, "Maximum time to wait for a ready pod, at the start and after each disconnect")
}

func (o *nearOptions) validate(cluster *connection) error {
	if o.address != "localhost" && net.ParseIP(o.address) == nil {
		return &usageError{fmt.Errorf("invalid --address %q: use an IP address or localhost", o.address)}
	}
	if o.port < 0 || o.port > 65535 {
		return &usageError{fmt.Errorf("invalid --port %d: use 1 to 65535, or 0 for a free port", o.port)}
	}
	if err := o.timeout.validate(""); err != nil {
		return err
	}
	return cluster.checkNamespace()
}

func (o *nearOptions) near() access.Local {
	return access.Local{Address: o.address, Port: o.port, Limit: o.timeout.limit}
}

// warn says who else gets through.
func (o *nearOptions) warn(sink event.Sink) {
	if ip := net.ParseIP(o.address); ip != nil && !ip.IsLoopback() {
		sink(event.Warning{Message: "anyone who can reach " + o.address + " can use this port, without a password and with your permissions"})
	}
}

// forwarded makes of Ctrl-C the end that is meant, once there is a forward, as
// for `kubectl port-forward`.
func forwarded(err error, opened bool) error {
	var interrupted *Interrupted
	if opened && errors.As(err, &interrupted) && interrupted.Signal == syscall.SIGINT {
		return nil
	}
	return err
}

// dashboardOptions are the flags of dashboard.
type dashboardOptions struct {
	nearOptions
	browser bool
	// anyPort is set where the user wants no certain one.
	anyPort bool
}

func newDashboard(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &dashboardOptions{}
	command := &cobra.Command{
		Use:     "dashboard (NAME... | envoy|proxy [TYPE/]PROXY[.NAMESPACE])",
		Aliases: []string{"dash", "d"},
		Short:   "Open Kiali, Grafana, Prometheus, Jaeger, or the pages of istiod or a proxy",
		Long: paragraphs(`
			Forward a local port to each dashboard, print the URLs and open them in a
			browser, until Ctrl-C. If the pod is replaced or the connection breaks, the same
			local port is forwarded to the next pod.

			The dashboards are ` + strings.Join(access.DashboardNames(), ", ") + `.
			envoy and proxy require a pod, or a workload as TYPE/NAME.

			The local port is that of the dashboard if it is free (` + portsOf("kiali", "grafana") + `,
			` + portsOf("prometheus", "jaeger") + `), or else any.`),
		Example: examples(`
			# Open the graph of the mesh
			kubectl istio-demo dashboard kiali

			# Keep several dashboards open
			kubectl istio-demo dashboard kiali grafana jaeger

			# Choose the local port, and do not open a browser
			kubectl istio-demo dashboard grafana --port=8080 --browser=false

			# Open the configuration of a sidecar
			kubectl istio-demo dashboard envoy deployment/productpage-v1 -n default`),
		ValidArgsFunction: cluster.suggestDashboards,
		Args:              dashboardArguments,
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := o.validate(cluster); err != nil {
				return err
			}
			o.anyPort = command.Flags().Changed("port")
			return o.run(command.Context(), cluster, arguments, streams)
		},
	}
	o.addFlags(command.Flags())
	command.Flags().Lookup("port").Usage = "Local port instead of the dashboard's own; 0 selects a free port"
	command.Flags().BoolVar(&o.browser, "browser", true, "Open the URLs in a browser if stdout is a terminal")
	return command
}

// portsOf lists the ports of dashboards for people.
func portsOf(names ...string) string {
	var ports []string
	for _, name := range names {
		ports = append(ports, fmt.Sprintf("%d for %s", access.DashboardPort(name), name))
	}
	return strings.Join(ports, ", ")
}

// dashboardArguments says which word is missing or was not understood.
func dashboardArguments(command *cobra.Command, arguments []string) error {
	all := access.DashboardNames()
	if len(arguments) == 0 {
		return &usageError{fmt.Errorf("dashboard required: one of %s", strings.Join(all, ", "))}
	}
	if access.NeedsProxy(arguments[0]) {
		return proxyArguments(command, arguments)
	}
	for n, name := range arguments {
		switch {
		case !slices.Contains(all, name):
			return &usageError{fmt.Errorf("unknown dashboard %q; %s", name, suggest.Remedy(name, all))}
		case access.NeedsProxy(name):
			return &usageError{fmt.Errorf("dashboard %s is for one proxy and cannot be opened with others", name)}
		case n > 0 && command.Flags().Changed("port") && command.Flag("port").Value.String() != "0":
			return &usageError{errors.New("--port is for one dashboard; omit it to open several")}
		}
	}
	return nil
}

// proxyArguments does the same for a dashboard of a proxy.
func proxyArguments(command *cobra.Command, arguments []string) error {
	switch {
	case len(arguments) == 1:
		return &usageError{fmt.Errorf("%s %s requires a pod, or a workload as TYPE/NAME", command.CommandPath(), arguments[0])}
	case len(arguments) > 2:
		return &usageError{fmt.Errorf("unexpected argument %q for %s %s", arguments[2], command.CommandPath(), arguments[0])}
	}
	if err := access.ValidateProxy(arguments[1]); err != nil {
		return &usageError{err}
	}
	return nil
}

// run opens the dashboards side by side. The first that cannot be opened ends the
// others.
func (o *dashboardOptions) run(ctx context.Context, cluster *connection, arguments []string, streams genericiooptions.IOStreams) error {
	sink := progress.NewPlain(streams.ErrOut).Sink
	connected, err := cluster.connect(sink)
	if err != nil {
		return err
	}
	o.warn(sink)
	names, proxy := slices.Compact(slices.Sorted(slices.Values(arguments))), ""
	if access.NeedsProxy(arguments[0]) {
		names, proxy = arguments[:1], arguments[1]
	}
	opened := &openedDashboards{options: o, names: names, sink: sink, streams: streams}
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range names {
		dashboard := &access.Dashboard{
			Cluster: connected, Namespace: *cluster.Namespace, Name: name, Proxy: proxy, Local: o.near(), Sink: sink,
			Opened: func(url string) { opened.open(name, url) },
		}
		if !o.anyPort {
			dashboard.Local.Preferred = access.DashboardPort(name)
		}
		group.Go(func() error { return dashboard.Run(ctx) })
	}
	return forwarded(group.Wait(), opened.any)
}

// openedDashboards are those whose URLs can be used.
type openedDashboards struct {
	options *dashboardOptions
	names   []string
	sink    event.Sink
	streams genericiooptions.IOStreams

	mutex sync.Mutex
	any   bool
}

// open prints the URL of a dashboard, with its name where there are several.
func (d *openedDashboards) open(name, url string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.any = true
	if len(d.names) > 1 {
		fmt.Fprintf(d.streams.Out, "%s: %s\n", name, url)
	} else {
		fmt.Fprintln(d.streams.Out, url)
	}
	if d.options.browser && term.IsTerminal(bare(d.streams.Out)) {
		if err := browse(url); err != nil {
			d.sink(event.Warning{Message: "cannot open a browser: " + err.Error()})
		}
	}
}
