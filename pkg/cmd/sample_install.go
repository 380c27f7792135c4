package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// sampleInstallOptions are the flags of sample install.
type sampleInstallOptions struct {
	sample     sample.Sample
	yes        bool
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
	o := &sampleInstallOptions{}
	command := &cobra.Command{
		Use:   "install NAME",
		Short: "Install a sample, and see whether it got its sidecars",
		Long: paragraphs(`
			Install an application of Istio's documentation: label its namespace so that
			Istio injects sidecars, apply it and the way in through a gateway, wait until
			it runs, and say whether the sidecars are there and where it can be opened.

			Each sample has an inventory of its own in the namespace, so that several
			can be in one. Routes that 'sample route' has set stay as they are.`),
		Example: examples(`
			# The book shop, in the namespace of the kubeconfig's context
			kubectl istio-demo sample install bookinfo

			# In a namespace of its own, without a question
			kubectl istio-demo sample install httpbin -n shop --yes

			# Without sidecars, and with nothing done to the namespace
			kubectl istio-demo sample install helloworld --inject=false`),
		ValidArgsFunction: sampleNames,
		Args:              cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := o.complete(command, arguments, cluster); err != nil {
				return err
			}
			return o.run(command, cluster, streams)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&o.yes, "yes", "y", false, "Do not ask before the namespace is labelled")
	flags.BoolVar(&o.inject, "inject", true, "Label the namespace so that Istio injects sidecars; false leaves the namespace alone")
	flags.BoolVar(&o.gatewayAPI, "gateway-api", false, "Make the way in of the Gateway API's kinds instead of Istio's")
	flags.BoolVar(&o.reset, "reset-routes", false, "Take away the routes that 'sample route' has set")
	flags.StringVar(&o.hub, "hub", "", "Take the images from this registry")
	flags.StringVarP(&o.format, "output", "o", "", "Output format. One of: (json, yaml)")
	flags.BoolVar(&o.wait, "wait", true, "Wait until everything runs")
	o.timeout.addFlag(flags, 5*time.Minute, "The time for all of it, waiting included")
	flags.BoolVar(&o.force, "force-conflicts", false, "Take over fields that other field managers own")
	flags.BoolVar(&o.adopt, "adopt", false, "Take over objects that kubectl, helm or anybody else has put there")
	flags.BoolVar(&o.recreate, "recreate-immutable", false, "Delete objects and make them anew where a field cannot be changed")
	o.skip.addFlag(command)
	cluster.teller.addFlag(flags)
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
	return cmp.Or(cluster.checkNamespace(), checkFormat(o.format), o.skip.validate(), o.timeout.validate("; use --wait=false to not wait"), cluster.teller.validate())
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
	printer := cluster.teller.begin()
	install := &samples.Install{
		Install: install.Install{
			Read:       o.read,
			Namespace:  cluster.namespace(),
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
			Sink:       printer.Sink,
		},
		Sample:     o.sample.Name,
		Gateway:    o.sample.Gateway,
		GatewayAPI: o.gatewayAPI,
		Path:       o.sample.Path,
		Inject:     o.inject,
		ConfirmLabel: func(ctx context.Context, label string) error {
			return o.confirm(ctx, label, *cluster.Namespace, cluster.teller)
		},
		ResetRoutes: o.reset,
	}
	if o.dryRun != event.DryRunClient {
		var err error
		if install.Cluster, err = cluster.connect(install.Sink); err != nil {
			return err
		}
	}
	report, err := install.Run(ctx)
	cluster.teller.close() // before something else is printed
	if err != nil {
		return err
	}
	return o.answer(report, printer, streams)
}

// confirm asks, where there is somebody to ask, whether the namespace may be
// labelled.
func (o *sampleInstallOptions) confirm(ctx context.Context, label, namespace string, told *teller) error {
	if o.yes {
		return nil
	}
	if told.mode == progressJSON {
		return &usageError{fmt.Errorf("--progress=json asks nobody whether namespace %s may be labelled %s; confirm with --yes, or leave it alone with --inject=false", namespace, label)}
	}
	if !term.IsTerminal(told.streams.In) {
		return &usageError{fmt.Errorf("nobody can be asked whether namespace %s may be labelled %s, so that Istio injects sidecars; confirm with --yes, or leave it alone with --inject=false", namespace, label)}
	}
	told.current().Ask(fmt.Sprintf("Label namespace %s with %s, so that Istio injects sidecars into all new pods there? [y/N] ", namespace, label))
	err := ask(ctx, told.streams)
	if errors.Is(err, uninstall.ErrDeclined) {
		return errors.New("nothing was installed; --inject=false leaves the namespace alone")
	}
	return err
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
	sidecars := report.Sidecars
	if sidecars.Injected < sidecars.Pods {
		message := fmt.Sprintf("%d of %d pods of %s have no sidecar: %s; %s",
			sidecars.Pods-sidecars.Injected, sidecars.Pods, report.Sample, sidecars.Why, sidecars.Remedy)
		printer.Sink(event.Warning{Message: message})
	}
	if o.format != "" {
		return printFields(report, o.format, streams.Out)
	}
	switch {
	case !o.wait:
		fmt.Fprintf(streams.Out, "%s is applied in namespace %s\n", report.Sample, report.Namespace)
	default:
		fmt.Fprintf(streams.Out, "%s runs in namespace %s: %d of %d pods have a sidecar\n", report.Sample, report.Namespace, sidecars.Injected, sidecars.Pods)
	}
	if report.Address.URL != "" {
		fmt.Fprintln(streams.Out, "open", progress.Printable(report.Address.URL))
	}
	if report.Address.Hint != "" {
		printer.Remark(progress.Printable(report.Address.Hint))
	}
	return nil
}
