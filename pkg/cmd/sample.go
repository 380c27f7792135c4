package cmd

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/suggest"
)

func newSample(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	command := &cobra.Command{
		Use:   "sample",
		Short: "Install the sample applications of Istio's documentation",
		Long: paragraphs(`
			Install the sample applications of Istio's documentation, check their
			sidecars, and shift traffic between their versions.

			The default namespace is that of the kubeconfig's context, as in kubectl, and
			not the demo's.`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(
		newSampleList(cluster, streams),
		newSampleStatus(cluster, streams),
		newSampleInstall(cluster, streams),
		newSampleRoute(cluster, streams),
		newSampleUninstall(cluster, streams),
	)
	return command
}

// sampleNamed returns the sample that the first argument names.
func sampleNamed(arguments []string) (sample.Sample, error) {
	if len(arguments) == 0 {
		return sample.Sample{}, &usageError{fmt.Errorf("sample required: one of %s", strings.Join(sample.Names(), ", "))}
	}
	found, known := sample.Find(arguments[0])
	if !known {
		return sample.Sample{}, &usageError{fmt.Errorf("unknown sample %q; %s", arguments[0], suggest.Remedy(arguments[0], sample.Names()))}
	}
	return found, nil
}

// oneSample returns the sample that the only argument names.
func oneSample(arguments []string) (sample.Sample, error) {
	if len(arguments) > 1 {
		return sample.Sample{}, &usageError{fmt.Errorf("one sample expected, but got %q", arguments)}
	}
	return sampleNamed(arguments)
}

// oneSampleOnly refuses all other arguments.
func oneSampleOnly(_ *cobra.Command, arguments []string) error {
	_, err := oneSample(arguments)
	return err
}

// sampleNames completes the first argument.
func sampleNames(_ *cobra.Command, arguments []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(arguments) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return sample.Names(), cobra.ShellCompDirectiveNoFileComp
}

// sampleListOptions are the flags of sample list.
type sampleListOptions struct {
	format  string
	timeout timeLimit
}

func newSampleList(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &sampleListOptions{}
	command := &cobra.Command{
		Use:   "list",
		Short: "List the samples and where they are installed",
		Long: paragraphs(`
			List the samples and the namespaces in which they are installed. If the
			cluster is unreachable, that column shows <unknown>.`),
		Example: examples(`
			kubectl istio-demo sample list`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := cmp.Or(checkFormat(o.format), o.timeout.validate("")); err != nil {
				return err
			}
			return o.run(command, cluster, streams)
		},
	}
	command.Flags().StringVarP(&o.format, "output", "o", "", "Output format. One of: (json, yaml)")
	o.timeout.addFlag(command.Flags(), time.Minute, "Maximum time for the whole command")
	return command
}

// listedSample is a sample as -o prints it.
type listedSample struct {
	Name  string `json:"name"`
	Shows string `json:"shows"`
	// Installed are the namespaces; it is omitted if the cluster is unreachable.
	Installed []string `json:"installedIn,omitempty"`
}

// run lists the samples also without a cluster: they are
// built in.
func (o *sampleListOptions) run(command *cobra.Command, cluster *connection, streams genericiooptions.IOStreams) error {
	installed, unknown := o.ask(command, cluster, streams)
	if unknown != nil {
		fmt.Fprintln(streams.ErrOut, "warning: cannot list installed samples: "+strings.Join(messages(unknown, cluster), "; "))
	}
	var all []listedSample
	for _, one := range sample.All() {
		slices.Sort(installed[one.Name])
		all = append(all, listedSample{Name: one.Name, Shows: one.Shows, Installed: installed[one.Name]})
	}
	if o.format != "" {
		return printFields(map[string]any{"samples": all}, o.format, streams.Out)
	}
	return printSamples(all, unknown != nil, streams.Out)
}

func (o *sampleListOptions) ask(command *cobra.Command, cluster *connection, streams genericiooptions.IOStreams) (map[string][]string, error) {
	ctx, cancel := o.timeout.limit(command.Context())
	defer cancel()
	if err := cluster.preferContextNamespace(); err != nil {
		return nil, err
	}
	connected, err := cluster.connect(progress.NewPlain(streams.ErrOut).Sink)
	if err != nil {
		return nil, err
	}
	list := &samples.List{Cluster: connected, Namespace: *cluster.Namespace}
	installed, everywhere, err := list.Run(ctx)
	if err == nil && !everywhere {
		fmt.Fprintf(streams.ErrOut, "warning: no permission to list samples in all namespaces; showing namespace %s only\n", progress.Printable(*cluster.Namespace))
	}
	return installed, err
}

func printSamples(all []listedSample, unknown bool, out io.Writer) error {
	table := progress.Table{{"NAME", "WHAT IT SHOWS", "INSTALLED IN"}}
	for _, one := range all {
		where := strings.Join(one.Installed, ",")
		switch {
		case unknown:
			where = "<unknown>"
		case where == "":
			where = "<none>"
		}
		table.Row(one.Name, one.Shows, where)
	}
	return printTable(table, out)
}
