package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// uninstallOptions are the flags of uninstall.
type uninstallOptions struct {
	yes     bool
	purge   uninstall.Purge
	dryRun  event.DryRun
	timeout timeLimit
}

func newUninstall(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &uninstallOptions{}
	command := &cobra.Command{
		Use:   "uninstall",
		Short: "Uninstall the demo",
		Long: paragraphs(`
			Delete the objects in the inventory that install keeps on the cluster, and
			wait until they are gone. No manifest is needed.

			CRDs with custom resources that install did not create are kept. So are the
			namespace, if install did not create it or if it is not empty; bound
			PersistentVolumeClaims; and objects that another tool (istioctl, Helm,
			Argo CD, Flux, kubectl apply) has claimed since the install. Kept objects
			leave the inventory: no later uninstall deletes them.`),
		Example: examples(`
			# Preview what would be deleted and kept
			kubectl istio-demo uninstall --dry-run=server

			# Uninstall without confirmation, for scripts
			kubectl istio-demo uninstall --yes

			# Also delete all CRDs, and with them your VirtualServices, Gateways and so on
			kubectl istio-demo uninstall --purge-crds`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.complete(command, cluster); err != nil {
				return err
			}
			return o.run(command, cluster, streams)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&o.yes, "yes", "y", false, "Skip the confirmation prompt")
	flags.BoolVar(&o.purge.CRDs, "purge-crds", false, "Also delete CRDs with custom resources that install did not create, and these resources")
	o.addPurgeFlags(flags)
	o.timeout.addFlag(flags, 5*time.Minute, "Maximum time for the whole command, including the wait")
	cluster.reporter.addFlag(flags)
	cmdutil.AddDryRunFlag(command)
	return command
}

// addPurgeFlags adds those that samples have, too.
func (o *uninstallOptions) addPurgeFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&o.purge.Claimed, "purge-claimed", false, "Also delete objects that another tool has claimed since the install")
	flags.BoolVar(&o.purge.PVCs, "purge-pvcs", false, "Also delete bound PersistentVolumeClaims, possibly with their data")
}

// complete turns the flags into options and refuses those without meaning.
func (o *uninstallOptions) complete(command *cobra.Command, cluster *connection) error {
	if err := cluster.checkNamespace(); err != nil {
		return err
	}
	var err error
	if o.dryRun, err = dryRun(command); err != nil {
		return err
	}
	if err := o.timeout.validate(""); err != nil {
		return err
	}
	return cluster.reporter.validate()
}

func (o *uninstallOptions) run(command *cobra.Command, cluster *connection, streams genericiooptions.IOStreams) error {
	ctx, cancel := o.timeout.limit(command.Context())
	defer cancel()
	printer := cluster.reporter.begin()
	connected, err := cluster.connect(printer.Sink)
	if err != nil {
		return err
	}
	removing := &uninstall.Uninstall{
		Cluster:   connected,
		Namespace: *cluster.Namespace,
		DryRun:    o.dryRun,
		Purge:     o.purge,
		Confirm: o.asking(ctx, cluster, connected, func(removal uninstall.Removal) []string {
			return dependents(ctx, connected, *cluster.Namespace, removal)
		}),
		Sink: printer.Sink,
	}
	removal, err := removing.Run(ctx)
	cluster.reporter.close() // before something else is printed
	if err != nil {
		printRemoval(removal, o.dryRun, streams)
		return err
	}
	if removal.Source == "" {
		fmt.Fprintf(streams.Out, "nothing is installed in namespace %s\n", *cluster.Namespace)
		for _, kept := range removal.Kept {
			fmt.Fprintf(streams.Out, "%s\n", progress.Printable(fmt.Sprintf("%s was kept: %s", kept.Ref, kept.Why)))
		}
		return nil
	}
	printRemoval(removal, o.dryRun, streams)
	return nil
}

// printRemoval prints a line an object, in the form of install's dry run.
func printRemoval(removal uninstall.Removal, dryRun event.DryRun, streams genericiooptions.IOStreams) {
	suffix := map[event.DryRun]string{event.DryRunClient: " (dry run)", event.DryRunServer: " (server dry run)"}[dryRun]
	for _, ref := range removal.Removed {
		fmt.Fprintf(streams.Out, "%s deleted%s\n", progress.Printable(ref.Resource()), suffix)
	}
	for _, kept := range removal.Kept {
		fmt.Fprintf(streams.Out, "%s kept%s\n", progress.Printable(kept.Ref.Resource()), suffix)
	}
}

// asking returns the function that confirms a removal, or nil if there is nothing
// to show and nothing to ask. What more there is to know is looked for only before
// a question.
func (o *uninstallOptions) asking(ctx context.Context, conn *connection, connected *cluster.Cluster, more func(uninstall.Removal) []string) func(uninstall.Removal) error {
	if o.yes && !o.purge.CRDs && o.dryRun == event.DryRunNone {
		return nil
	}
	where := " in cluster " + connected.Server + conn.contextInUse()
	return func(removal uninstall.Removal) error { return o.confirm(ctx, removal, conn.reporter, where, more) }
}

// confirm lists the user's objects that are deleted, prompts before the removal,
// and fails without a terminal.
func (o *uninstallOptions) confirm(ctx context.Context, removal uninstall.Removal, reporter *reporter, where string, more func(uninstall.Removal) []string) error {
	printer := reporter.current()
	if len(removal.Users) > 0 {
		printer.Sink(event.Purging{Objects: removal.Users})
	}
	if o.yes || o.dryRun != event.DryRunNone || len(removal.Removed) == 0 {
		return nil
	}
	objects := countOf(len(removal.Removed)+len(removal.Users), "object")
	if reporter.mode == progressJSON {
		return &usageError{fmt.Errorf("cannot prompt before deleting %s: --progress=json has no prompts; use --yes, or preview with --dry-run=server", objects)}
	}
	if !term.IsTerminal(reporter.streams.In) {
		return &usageError{fmt.Errorf("cannot prompt before deleting %s: stdin is not a terminal; use --yes, or preview with --dry-run=server", objects)}
	}
	remarkAll(printer, consequences(removal))
	remarkAll(printer, more(removal))
	return ask(ctx, reporter, "Delete "+objects+where+"?", "nothing removed")
}
