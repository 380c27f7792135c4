package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/access"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
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
}

func newDashboard(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &dashboardOptions{}
	command := &cobra.Command{
		Use:     "dashboard NAME [[TYPE/]PROXY[.NAMESPACE]]",
		Aliases: []string{"dash", "d"},
		Short:   "Open Kiali, Grafana, Prometheus, Jaeger, or the pages of istiod or a proxy",
		Long: paragraphs(`
			Forward a local port to a dashboard, print its URL and open it in a browser,
			until Ctrl-C. If the pod is replaced or the connection breaks, the same local
			port is forwarded to the next pod.

			The dashboards are ` + strings.Join(access.DashboardNames(), ", ") + `.
			envoy and proxy require a pod, or a workload as TYPE/NAME.`),
		Example: examples(`
			# Open the graph of the mesh
			kubectl istio-demo dashboard kiali

			# Choose the local port, and do not open a browser
			kubectl istio-demo dashboard grafana --port=3000 --browser=false

			# Open the configuration of a sidecar
			kubectl istio-demo dashboard envoy deployment/productpage-v1 -n default`),
		ValidArgsFunction: cluster.suggestDashboards,
		Args:              dashboardArguments,
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := o.validate(cluster); err != nil {
				return err
			}
			return o.run(command.Context(), cluster, arguments, streams)
		},
	}
	o.addFlags(command.Flags())
	command.Flags().BoolVar(&o.browser, "browser", true, "Open the URL in a browser if stdout is a terminal")
	return command
}

// dashboardArguments says which word is missing or was not understood.
func dashboardArguments(command *cobra.Command, arguments []string) error {
	all := strings.Join(access.DashboardNames(), ", ")
	if len(arguments) == 0 {
		return &usageError{fmt.Errorf("dashboard required: one of %s", all)}
	}
	name := arguments[0]
	known := false
	for _, one := range access.DashboardNames() {
		known = known || one == name
	}
	switch proxy := access.NeedsProxy(name); {
	case !known:
		return &usageError{fmt.Errorf("unknown dashboard %q; use one of %s", name, all)}
	case proxy && len(arguments) == 1:
		return &usageError{fmt.Errorf("%s %s requires a pod, or a workload as TYPE/NAME", command.CommandPath(), name)}
	case proxy && len(arguments) == 2:
		if err := access.ValidateProxy(arguments[1]); err != nil {
			return &usageError{err}
		}
	case len(arguments) > 1:
		return &usageError{fmt.Errorf("unexpected argument %q for %s %s", arguments[len(arguments)-1], command.CommandPath(), name)}
	}
	return nil
}

func (o *dashboardOptions) run(ctx context.Context, cluster *connection, arguments []string, streams genericiooptions.IOStreams) error {
	sink := progress.NewPlain(streams.ErrOut).Sink
	connected, err := cluster.connect(sink)
	if err != nil {
		return err
	}
	o.warn(sink)
	opened := false
	dashboard := &access.Dashboard{
		Cluster:   connected,
		Namespace: *cluster.Namespace,
		Name:      arguments[0],
		Local:     o.near(),
		Sink:      sink,
		Opened: func(url string) {
			opened = true
			fmt.Fprintln(streams.Out, url)
			if o.browser && term.IsTerminal(bare(streams.Out)) {
				if err := browse(url); err != nil {
					sink(event.Warning{Message: "cannot open a browser: " + err.Error()})
				}
			}
		},
	}
	if len(arguments) > 1 {
		dashboard.Proxy = arguments[1]
	}
	return forwarded(dashboard.Run(ctx), opened)
}
