package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	clusters "github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
)

// sampleStatusOptions are the flags of sample status.
type sampleStatusOptions struct {
	samples []sample.Sample
	format  string
	timeout timeLimit
}

func newSampleStatus(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &sampleStatusOptions{}
	command := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show whether samples are ready, their sidecars, routes and URL",
		Long: paragraphs(`
			Show whether installed samples are ready, how many of their pods have a
			sidecar, the routes set by 'sample route', and the URL. Without a name, show
			the samples of all namespaces, or of the one given with -n.

			The exit code is 0 if all samples that are shown are ready, and 1 otherwise.`),
		Example: examples(`
			# Show all samples
			kubectl istio-demo sample status

			# Show Bookinfo in namespace shop
			kubectl istio-demo sample status bookinfo -n shop`),
		ValidArgsFunction: sampleNames,
		Args:              cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := o.complete(arguments, cluster); err != nil {
				return err
			}
			return o.run(command.Context(), cluster, streams)
		},
	}
	command.Flags().StringVarP(&o.format, "output", "o", "", "Output format. One of: (json, yaml)")
	o.timeout.addFlag(command.Flags(), time.Minute, "Maximum time for the whole command")
	return command
}

func (o *sampleStatusOptions) complete(arguments []string, cluster *connection) error {
	o.samples = sample.All()
	if len(arguments) > 0 {
		one, err := oneSample(arguments)
		if err != nil {
			return err
		}
		o.samples = []sample.Sample{one}
	}
	if err := cluster.preferContextNamespace(); err != nil {
		return err
	}
	return cmp.Or(cluster.checkNamespace(), checkFormat(o.format), o.timeout.validate(""))
}

func (o *sampleStatusOptions) run(ctx context.Context, cluster *connection, streams genericiooptions.IOStreams) error {
	ctx, cancel := o.timeout.limit(ctx)
	defer cancel()
	sink := progress.NewPlain(streams.ErrOut).Sink
	connected, err := cluster.connect(sink)
	if err != nil {
		return err
	}
	states, err := o.states(ctx, connected, cluster, sink)
	if err != nil {
		return err
	}
	if o.format != "" {
		err = printFields(map[string]any{"samples": states}, o.format, streams.Out)
	} else {
		err = printSampleStates(states, streams.Out)
	}
	for _, state := range states {
		if err == nil && !state.Ready {
			err = &answeredError{exitFailed}
		}
	}
	return err
}

// states looks at the samples where they are installed.
func (o *sampleStatusOptions) states(ctx context.Context, connected *clusters.Cluster, cluster *connection, sink event.Sink) ([]samples.State, error) {
	list := &samples.List{Cluster: connected, Namespace: *cluster.Namespace}
	installed, _, err := list.Run(ctx)
	if err != nil {
		return nil, err
	}
	states := []samples.State{}
	for _, one := range o.samples {
		namespaces := installed[one.Name]
		if cluster.explicitNamespace() {
			namespaces = []string{*cluster.Namespace}
		}
		for _, namespace := range namespaces {
			look := &samples.Status{Cluster: connected, Namespace: namespace, Sample: one.Name, Path: one.Path, Routable: one.Routable, Sink: sink}
			state, err := look.Run(ctx)
			if isAbsent(err) && len(o.samples) > 1 {
				continue
			}
			if err != nil {
				return nil, err
			}
			states = append(states, state)
		}
	}
	if len(states) == 0 && len(o.samples) == 1 {
		return nil, &samples.NotInstalledError{Sample: o.samples[0].Name, Namespace: *cluster.Namespace}
	}
	return states, nil
}

// isAbsent reports whether an error only says that a sample is not installed.
func isAbsent(err error) bool {
	var none *samples.NotInstalledError
	return errors.As(err, &none)
}

func printSampleStates(states []samples.State, out io.Writer) error {
	if len(states) == 0 {
		fmt.Fprintln(out, "no samples installed; 'kubectl istio-demo sample list' lists what there is")
	}
	for n, state := range states {
		if n > 0 {
			fmt.Fprintln(out)
		}
		if err := (&statusOptions{}).print(state.Report, out); err != nil {
			return err
		}
		sidecars := fmt.Sprintf("sidecars: %d of %d pods", state.Sidecars.Injected, state.Sidecars.Pods)
		if state.Sidecars.Why != "" {
			sidecars += ": " + state.Sidecars.Why + "; " + state.Sidecars.Remedy
		}
		fmt.Fprintln(out, progress.Printable(sidecars))
		for _, route := range state.Routes {
			fmt.Fprintln(out, progress.Printable("route:    "+route.Service+" to "+weights(route)))
		}
		if where := cmp.Or(state.Address.URL, state.Address.Hint); where != "" {
			fmt.Fprintln(out, progress.Printable("address:  "+where))
		}
	}
	return nil
}
