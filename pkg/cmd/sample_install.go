package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
)

// sampleInstallOptions are the flags of sample install.
type sampleInstallOptions struct {
	sample sample.Sample
	yes    bool
	// keep says how the namespace is left unchanged.
	keep       string
	inject     bool
	gatewayAPI bool
	reset      bool
	hub        string
	format     string
	dryRun     event.DryRun
	wait       bool
	timeout    timeLimit
	// force, adopt and recreate are install's.
	force, adopt, recreate bool
	skip                   skipChecks
}

func newSampleInstall(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &sampleInstallOptions{keep: "use --inject=false"}
	command := &cobra.Command{
		Use:   "install NAME",
		Short: "Install a sample and check its sidecars",
		Long: paragraphs(`
			Install a sample application of Istio's documentation: label its namespace for
			sidecar injection, apply the application and its gateway, wait until it is
			ready, check its sidecars and print its URL.

			Each sample has its own inventory, so that several can share a namespace.
			Routes set by 'sample route' are kept.`),
		Example: examples(`
			# Install Bookinfo in the namespace of the kubeconfig's context
			kubectl istio-demo sample install bookinfo

			# Install in another namespace, without confirmation
			kubectl istio-demo sample install httpbin -n shop --yes

			# Install without sidecars, and leave the namespace unchanged
			kubectl istio-demo sample install helloworld --inject=false`),
		ValidArgsFunction: sampleNames,
		Args:              oneSampleOnly,
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := o.complete(command, arguments, cluster); err != nil {
				return err
			}
			return o.run(command, cluster, streams)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&o.yes, "yes", "y", false, "Skip the confirmation prompt before labelling the namespace")
	flags.BoolVar(&o.inject, "inject", true, "Label the namespace for sidecar injection; false leaves the namespace unchanged")
	flags.BoolVar(&o.gatewayAPI, "gateway-api", false, "Expose the sample with the Gateway API instead of Istio's Gateway and VirtualService")
	flags.BoolVar(&o.reset, "reset-routes", false, "Delete routes set by 'sample route'")
	flags.StringVar(&o.hub, "hub", "", "Pull images from this registry")
	flags.StringVarP(&o.format, "output", "o", "", "Output format. One of: (json, yaml)")
	flags.BoolVar(&o.wait, "wait", true, "Wait until all objects are ready")
	o.timeout.addFlag(flags, 5*time.Minute, "Maximum time for the whole command, including the wait")
	flags.BoolVar(&o.force, "force-conflicts", false, "Take over fields that other field managers own")
	flags.BoolVar(&o.adopt, "adopt", false, "Take over objects created by kubectl, Helm or another tool")
	flags.BoolVar(&o.recreate, "recreate-immutable", false, "Delete and recreate objects whose immutable fields changed")
	o.skip.addFlag(command)
	cluster.reporter.addFlag(flags)
	cmdutil.AddDryRunFlag(command)
	return command
}

// complete turns the arguments and flags into options and refuses those
// without meaning.
func (o *sampleInstallOptions) complete(command *cobra.Command, arguments []string, cluster *connection) error {
	var err error
	if o.sample, err = oneSample(arguments); err != nil {
		return err
	}
	if err := cluster.preferContextNamespace(); err != nil {
		return err
	}
	if o.dryRun, err = dryRun(command); err != nil {
		return err
	}
	return cmp.Or(cluster.checkNamespace(), checkFormat(o.format), o.skip.validate(), o.timeout.validate("; use --wait=false to skip the wait"), cluster.reporter.validate())
}

// read renders the sample.
func (o *sampleInstallOptions) read(context.Context) (manifest.Manifest, error) {
	return builtin.Sample(sample.Options{
		Name:       o.sample.Name,
		Hub:        strings.TrimSuffix(o.hub, "/"),
		GatewayAPI: o.gatewayAPI,
	})
}

func (o *sampleInstallOptions) run(command *cobra.Command, cluster *connection, streams genericiooptions.IOStreams) error {
	ctx, cancel := o.timeout.limit(command.Context())
	defer cancel()
	printer := cluster.reporter.begin()
	install := o.install(cluster.namespace(), cluster.reporter)
	var printTotals func()
	install.Sink, printTotals = totalsLast(o.dryRun, printer.Sink)
	if o.dryRun != event.DryRunClient {
		var err error
		if install.Cluster, err = cluster.connect(install.Sink); err != nil {
			return err
		}
	}
	report, err := install.Run(ctx)
	cluster.reporter.close() // before something else is printed
	if err != nil {
		return err
	}
	defer printTotals()
	return o.answer(report, printer, streams)
}

// install returns what installs the sample.
func (o *sampleInstallOptions) install(namespace manifest.Namespace, reporter *reporter) *samples.Install {
	return &samples.Install{
		Install: install.Install{
			Read:       o.read,
			Namespace:  namespace,
			DryRun:     o.dryRun,
			Wait:       o.wait,
			Force:      o.force,
			Adopt:      o.adopt,
			Recreate:   o.recreate,
			Prune:      true,
			Replace:    true,
			FailFast:   true,
			Validation: "Strict",
			Skip:       o.skip.set(),
		},
		Sample:     o.sample.Name,
		Gateway:    o.sample.Gateway,
		GatewayAPI: o.gatewayAPI,
		Path:       o.sample.Path,
		Inject:     o.inject,
		ConfirmLabel: func(ctx context.Context, label string) error {
			return o.confirm(ctx, label, namespace.Name, reporter)
		},
		ResetRoutes: o.reset,
	}
}

// confirm prompts before the namespace is labelled, and fails without a
// terminal.
func (o *sampleInstallOptions) confirm(ctx context.Context, label, namespace string, reporter *reporter) error {
	if o.yes {
		return nil
	}
	otherwise := "use --yes, or " + strings.TrimPrefix(o.keep, "use ") + " to leave it unchanged"
	if reporter.mode == progressJSON {
		return &usageError{fmt.Errorf("cannot prompt before labelling namespace %s with %s: --progress=json has no prompts; %s", namespace, label, otherwise)}
	}
	if !term.IsTerminal(reporter.streams.In) {
		return &usageError{fmt.Errorf("cannot prompt before labelling namespace %s with %s for sidecar injection: stdin is not a terminal; %s", namespace, label, otherwise)}
	}
	question := fmt.Sprintf("Label namespace %s with %s, so that Istio injects sidecars into all new pods?", namespace, label)
	return ask(ctx, reporter, question, "nothing installed; "+o.keep+" to leave the namespace unchanged")
}

// answer prints how the sample is, and warns where it is not in the mesh.
func (o *sampleInstallOptions) answer(report samples.Report, printer progress.Printer, streams genericiooptions.IOStreams) error {
	if o.dryRun != event.DryRunNone {
		printActions(report.Results, o.dryRun, streams.Out)
		if report.Label != "" {
			fmt.Fprintf(streams.Out, "namespace/%s labeled (server dry run)\n", report.Namespace)
		}
		return nil
	}
	warnOfSidecars(report, printer)
	if o.format != "" {
		return printFields(report, o.format, streams.Out)
	}
	printSample(report, o.wait, printer, streams.Out)
	return nil
}

// warnOfSidecars warns where a sample is not in the mesh.
func warnOfSidecars(report samples.Report, printer progress.Printer) {
	if sidecars := report.Sidecars; sidecars.Injected < sidecars.Pods {
		printer.Sink(event.Warning{Message: fmt.Sprintf("%d of %d pods of %s have no sidecar: %s; %s",
			sidecars.Pods-sidecars.Injected, sidecars.Pods, report.Sample, sidecars.Why, sidecars.Remedy)})
	}
}

// printSample prints how a sample is, and its URL.
func printSample(report samples.Report, waited bool, printer progress.Printer, out io.Writer) {
	if waited {
		fmt.Fprintf(out, "%s is ready in namespace %s: %d of %d pods have a sidecar\n", report.Sample, report.Namespace, report.Sidecars.Injected, report.Sidecars.Pods)
	} else {
		fmt.Fprintf(out, "%s applied in namespace %s\n", report.Sample, report.Namespace)
	}
	if report.Address.URL != "" {
		fmt.Fprintln(out, "open", progress.Printable(report.Address.URL))
	}
	if report.Address.Hint != "" {
		printer.Remark(progress.Printable(report.Address.Hint))
	}
}
