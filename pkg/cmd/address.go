package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/access"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// addressOptions are the flags of address.
type addressOptions struct {
	nearOptions
	gateway string
	forward bool
	format  string
}

func newAddress(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &addressOptions{}
	command := &cobra.Command{
		Use:   "address",
		Short: "Print the URL of the ingress gateway",
		Long: paragraphs(`
			Print the URL of the ingress gateway: the address of its load balancer, or
			else a port of a node. The reason for the choice goes to stderr.

			With --forward, forward a local port to the gateway until Ctrl-C. This works
			on every cluster.`),
		Example: examples(`
			# Request a page through the demo's gateway
			curl "$(kubectl istio-demo address)/productpage"

			# Forward a local port, if nodes are unreachable as on kind and minikube
			kubectl istio-demo address --forward --port=8080

			# Print the address of another gateway as JSON
			kubectl istio-demo address --gateway=istio-egressgateway -o json`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.validate(command, cluster); err != nil {
				return err
			}
			return o.run(command.Context(), cluster, streams)
		},
	}
	flags := command.Flags()
	o.addFlags(flags)
	flags.StringVar(&o.gateway, "gateway", access.DefaultGateway, "Service of the gateway")
	flags.BoolVar(&o.forward, "forward", false, "Forward a local port to the gateway until Ctrl-C")
	flags.StringVarP(&o.format, "output", "o", "", "Output format. One of: (json, yaml)")
	return command
}

func (o *addressOptions) validate(command *cobra.Command, cluster *connection) error {
	if err := checkFormat(o.format); err != nil {
		return err
	}
	if wrong := validation.IsDNS1123Label(o.gateway); len(wrong) > 0 {
		return &usageError{fmt.Errorf("invalid --gateway %q: %s", o.gateway, wrong[0])}
	}
	for _, name := range []string{"port", "address"} {
		if command.Flags().Changed(name) && !o.forward {
			return &usageError{fmt.Errorf("--%s requires --forward", name)}
		}
	}
	return o.nearOptions.validate(cluster)
}

func (o *addressOptions) run(ctx context.Context, cluster *connection, streams genericiooptions.IOStreams) error {
	sink := progress.NewPlain(streams.ErrOut).Sink
	connected, err := cluster.connect(sink)
	if err != nil {
		return err
	}
	address := &access.Address{Cluster: connected, Namespace: *cluster.Namespace, Gateway: o.gateway, Local: o.near(), Sink: sink}
	if !o.forward {
		found, err := address.Find(ctx)
		if err != nil {
			return err
		}
		return o.print(found, streams)
	}
	o.warn(sink)
	opened := false
	var printed error
	err = address.Forward(ctx, func(found access.Endpoint) {
		opened = true
		printed = o.print(found, streams)
	})
	if err = forwarded(err, opened); err == nil {
		err = printed
	}
	return err
}

// print prints the URL as the answer, and beside it why it is this one.
func (o *addressOptions) print(found access.Endpoint, streams genericiooptions.IOStreams) error {
	fmt.Fprintln(streams.ErrOut, progress.Printable(found.Why))
	if o.format != "" {
		return printFields(found, o.format, streams.Out)
	}
	fmt.Fprintln(streams.Out, progress.Printable(found.URL))
	return nil
}
