package cmd

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

func newSampleUninstall(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &uninstallOptions{}
	command := &cobra.Command{
		Use:   "uninstall NAME",
		Short: "Uninstall a sample",
		Long: paragraphs(`
			Delete the objects in the sample's inventory, including the routes set by
			'sample route', and wait until they are gone.

			The label for sidecar injection is removed from the namespace if a sample added
			it and no other sample needs it. The namespace is deleted if install created it
			and it is otherwise empty.`),
		Example: examples(`
			kubectl istio-demo sample uninstall bookinfo --yes`),
		ValidArgsFunction: sampleNames,
		Args:              oneSampleOnly,
		RunE: func(command *cobra.Command, arguments []string) error {
			named, err := oneSample(arguments)
			if err != nil {
				return err
			}
			if err := cluster.preferContextNamespace(); err != nil {
				return err
			}
			if err := o.complete(command, cluster); err != nil {
				return err
			}
			return o.runSample(command, named.Name, cluster, streams)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&o.yes, "yes", "y", false, "Skip the confirmation prompt")
	o.addPurgeFlags(flags)
	o.timeout.addFlag(flags, 5*time.Minute, "Maximum time for the whole command, including the wait")
	cluster.reporter.addFlag(flags)
	cmdutil.AddDryRunFlag(command)
	return command
}

func (o *uninstallOptions) runSample(command *cobra.Command, name string, cluster *connection, streams genericiooptions.IOStreams) error {
	ctx, cancel := o.timeout.limit(command.Context())
	defer cancel()
	printer := cluster.reporter.begin()
	connected, err := cluster.connect(printer.Sink)
	if err != nil {
		return err
	}
	removing := &samples.Uninstall{
		Uninstall: uninstall.Uninstall{
			Cluster:   connected,
			Namespace: *cluster.Namespace,
			DryRun:    o.dryRun,
			Purge:     o.purge,
			Confirm:   o.asking(ctx, cluster, connected, func(uninstall.Removal) []string { return nil }),
			Sink:      printer.Sink,
		},
		Sample: name,
	}
	removal, unlabelled, err := removing.Run(ctx)
	cluster.reporter.close() // before something else is printed
	if err == nil && removal.Source == "" {
		fmt.Fprintf(streams.Out, "sample %s is not installed in namespace %s\n", name, *cluster.Namespace)
	}
	printRemoval(removal, o.dryRun, streams)
	if unlabelled {
		fmt.Fprintf(streams.Out, "namespace/%s unlabeled\n", *cluster.Namespace)
	}
	return err
}
