package cmd

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
)

// sampleRouteOptions are the arguments and flags of sample route.
type sampleRouteOptions struct {
	sample  string
	routes  []samples.Route
	format  string
	dryRun  event.DryRun
	timeout timeLimit
}

func newSampleRoute(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &sampleRouteOptions{}
	command := &cobra.Command{
		Use:   "route NAME [SERVICE=VERSION[:WEIGHT],... | SERVICE-] ...",
		Short: "Shift traffic between the versions of a sample's services",
		Long: paragraphs(`
			Send requests between a sample's services to the given versions, by weights in
			percent, and show the routes. Without arguments, only show the routes.

			A route is a VirtualService named after its service. It belongs to the sample:
			'sample uninstall' deletes it, and 'sample install' keeps it.`),
		Example: examples(`
			# Show the routes
			kubectl istio-demo sample route bookinfo

			# Send all requests to the first version, then a tenth to the third
			kubectl istio-demo sample route bookinfo reviews=v1
			kubectl istio-demo sample route bookinfo reviews=v1:90,v3:10

			# Delete the route: all versions get requests again
			kubectl istio-demo sample route bookinfo reviews-`),
		ValidArgsFunction: sampleNames,
		Args:              o.validateArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.complete(command, cluster); err != nil {
				return err
			}
			return o.run(command, cluster, streams)
		},
	}
	command.Flags().StringVarP(&o.format, "output", "o", "", "Output format. One of: (json, yaml)")
	o.timeout.addFlag(command.Flags(), time.Minute, "Maximum time for the whole command")
	cmdutil.AddDryRunFlag(command)
	return command
}

// validateArguments turns the arguments into options.
func (o *sampleRouteOptions) validateArguments(_ *cobra.Command, arguments []string) error {
	named, err := sampleNamed(arguments)
	if err != nil {
		return err
	}
	if !named.Routable {
		return &usageError{fmt.Errorf("sample %s has no services to route between; use bookinfo", named.Name)}
	}
	o.sample = named.Name
	if o.routes, err = parseRoutes(arguments[1:]); err != nil {
		return &usageError{err}
	}
	return nil
}

// complete turns the flags into options and refuses those without meaning.
func (o *sampleRouteOptions) complete(command *cobra.Command, cluster *connection) error {
	if err := cluster.preferContextNamespace(); err != nil {
		return err
	}
	var err error
	if o.dryRun, err = dryRun(command); err != nil {
		return err
	}
	return cmp.Or(cluster.checkNamespace(), checkFormat(o.format), o.timeout.validate(""))
}

// parseRoutes reads routes, of which each service has one.
func parseRoutes(arguments []string) ([]samples.Route, error) {
	var routes []samples.Route
	seen := map[string]bool{}
	for _, argument := range arguments {
		route, err := parseRoute(argument)
		if err != nil {
			return nil, err
		}
		if seen[route.Service] {
			return nil, fmt.Errorf("duplicate route for service %s", route.Service)
		}
		seen[route.Service] = true
		routes = append(routes, route)
	}
	return routes, nil
}

// parseRoute reads SERVICE=VERSION, SERVICE=VERSION:WEIGHT,VERSION:WEIGHT or,
// for none, SERVICE-.
func parseRoute(argument string) (samples.Route, error) {
	service, list, assigned := strings.Cut(argument, "=")
	if name, none := strings.CutSuffix(argument, "-"); none && !assigned && name != "" {
		return samples.Route{Service: name}, nil
	}
	if !assigned || service == "" || list == "" {
		return samples.Route{}, fmt.Errorf("invalid route %q; use SERVICE=VERSION, SERVICE=VERSION:WEIGHT,VERSION:WEIGHT, or SERVICE- to delete the route", argument)
	}
	route := samples.Route{Service: service}
	parts := strings.Split(list, ",")
	sum := 0
	seen := map[string]bool{}
	for _, part := range parts {
		version, weight, weighted := strings.Cut(part, ":")
		percent := 100
		if weighted {
			var err error
			if percent, err = strconv.Atoi(weight); err != nil || percent < 0 || percent > 100 {
				return samples.Route{}, fmt.Errorf("invalid route %q: weight of %s must be a whole number from 0 to 100, not %q", argument, version, weight)
			}
		}
		switch {
		case version == "":
			return samples.Route{}, fmt.Errorf("invalid route %q: version missing", argument)
		case !weighted && len(parts) > 1:
			return samples.Route{}, fmt.Errorf("invalid route %q: weight of %s missing; only a single version can omit it", argument, version)
		case seen[version]:
			return samples.Route{}, fmt.Errorf("invalid route %q: duplicate version %s", argument, version)
		}
		seen[version] = true
		sum += percent
		route.Weights = append(route.Weights, samples.Weight{Version: version, Percent: percent})
	}
	if sum != 100 {
		return samples.Route{}, fmt.Errorf("invalid route %q: weights add up to %d instead of 100", argument, sum)
	}
	return route, nil
}

func (o *sampleRouteOptions) run(command *cobra.Command, cluster *connection, streams genericiooptions.IOStreams) error {
	ctx, cancel := o.timeout.limit(command.Context())
	defer cancel()
	connected, err := cluster.connect(progress.NewPlain(streams.ErrOut).Sink)
	if err != nil {
		return err
	}
	shift := &samples.Routing{Cluster: connected, Namespace: *cluster.Namespace, Sample: o.sample, Routes: o.routes, DryRun: o.dryRun}
	routes, err := shift.Run(ctx)
	if err != nil {
		return err
	}
	if o.dryRun != event.DryRunNone && len(o.routes) > 0 {
		fmt.Fprintln(streams.ErrOut, "nothing was changed (dry run); the routes would be:")
	}
	if o.format != "" {
		return printFields(map[string]any{"routes": routes}, o.format, streams.Out)
	}
	return printRoutes(routes, streams.Out)
}

// weights returns the versions of a route in the form in which it is set.
func weights(route samples.ServiceRoute) string {
	var all []string
	for _, weight := range route.Weights {
		all = append(all, fmt.Sprintf("%s:%d", weight.Version, weight.Percent))
	}
	return strings.Join(all, ",")
}

// printRoutes prints a line a service. One without a route is served by all of
// its versions alike.
func printRoutes(routes []samples.ServiceRoute, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "SERVICE\tVERSIONS\tROUTE")
	for _, route := range routes {
		shown := cmp.Or(weights(route), "<none>")
		fmt.Fprintf(table, "%s\t%s\t%s\n", progress.Printable(route.Service), progress.Printable(strings.Join(route.Versions, ",")), progress.Printable(shown))
	}
	return table.Flush()
}
