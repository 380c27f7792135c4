package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/get"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// installOptions are the flags of install.
type installOptions struct {
	source  source
	upgrade upgradeFlags
	print   *genericclioptions.PrintFlags
	dryRun  event.DryRun
	wait    bool
	timeout timeLimit
	force   bool
	adopt   bool
	// recreate, prune and failFast are as in install.Install.
	recreate, prune, failFast bool
	// validation is the server's: Strict, Warn or Ignore.
	validation string
	skip       skipChecks
	samples    withSamples
}

func newInstall(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &installOptions{print: genericclioptions.NewPrintFlags("")}
	command := &cobra.Command{
		Use:   "install",
		Short: "Install Istio's demo and wait until it is ready",
		Long: paragraphs(`
			Install Istio's demo profile, or another manifest (-f, -k), wait until all
			objects are ready, and show the pods.

			A second install changes only what differs. A failure before the first write
			leaves the cluster unchanged; after a later one, rerun the command to continue.`),
		Example: examples(`
			# Install Istio's demo in namespace istio-system
			kubectl istio-demo install

			# Preview the changes, validated by the API server
			kubectl istio-demo install --dry-run=server

			# Pull images from a mirror and set a value of Istio's charts
			kubectl istio-demo install --hub=registry.example.com/istio --set pilot.traceSampling=10

			# Install Istio and the sample Bookinfo in one go
			kubectl istio-demo install --sample=bookinfo

			# Install another manifest: a file, directory, URL, standard input or kustomization
			kubectl istio-demo install -f istio-demo.yaml
			cat istio-demo.yaml | kubectl istio-demo install -f -
			kubectl istio-demo install -k ./overlay`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.complete(command, cluster); err != nil {
				return err
			}
			return o.run(command, cluster, streams)
		},
	}
	o.source.addFlags(command)
	o.source.addReuseFlags(command.Flags())
	o.upgrade.addFlags(command.Flags())
	o.print.AddFlags(command)
	flags := command.Flags()
	flags.BoolVar(&o.wait, "wait", true, "Wait until all objects are ready")
	o.timeout.addFlag(flags, 10*time.Minute, "Maximum time for the whole command, including the wait")
	flags.BoolVar(&o.force, "force-conflicts", false, "Take over fields that other field managers own")
	flags.BoolVar(&o.adopt, "adopt", false, "Take over objects created by Helm, istioctl or another tool")
	flags.BoolVar(&o.recreate, "recreate-immutable", false, "Delete and recreate objects whose immutable fields changed, except PersistentVolumeClaims, StatefulSets, CRDs and namespaces")
	flags.BoolVar(&o.prune, "prune", true, "Delete objects of an earlier install that are no longer in the manifest")
	flags.BoolVar(&o.failFast, "fail-fast", true, "Stop waiting on permanent failures, such as an image that does not exist")
	o.samples.addFlags(flags)
	cluster.reporter.addFlag(flags)
	o.skip.addFlag(command)
	cmdutil.AddDryRunFlag(command)
	cmdutil.AddValidateFlags(command)
	return command
}

// complete turns the flags into options and refuses those without meaning.
func (o *installOptions) complete(command *cobra.Command, cluster *connection) error {
	if err := cluster.checkNamespace(); err != nil {
		return err
	}
	if err := cluster.reporter.validate(); err != nil {
		return err
	}
	if err := o.source.validate(); err != nil {
		return err
	}
	if err := o.skip.validate(); err != nil {
		return err
	}
	var err error
	if o.dryRun, err = dryRun(command); err != nil {
		return err
	}
	if o.validation, err = cmdutil.GetValidationDirective(command); err != nil {
		return &usageError{err}
	}
	if o.source.reuse && o.dryRun == event.DryRunClient {
		return &usageError{errors.New("--reuse-values reads the cluster and cannot be used with --dry-run=client")}
	}
	if err := o.timeout.validate("; use --wait=false to skip the wait"); err != nil {
		return err
	}
	if *o.print.TemplatePrinterFlags.TemplateArgument != "" && *o.print.OutputFormat == "" {
		*o.print.OutputFormat = "go-template" // as kubectl get takes it
	}
	if _, err := o.print.ToPrinter(); err != nil {
		return &usageError{err}
	}
	return o.samples.complete(o, cluster)
}

// dryRun reads kubectl's flag.
func dryRun(command *cobra.Command) (event.DryRun, error) {
	strategy, err := cmdutil.GetDryRunStrategy(command)
	if err != nil {
		return "", &usageError{err}
	}
	return map[cmdutil.DryRunStrategy]event.DryRun{
		cmdutil.DryRunNone:   event.DryRunNone,
		cmdutil.DryRunClient: event.DryRunClient,
		cmdutil.DryRunServer: event.DryRunServer,
	}[strategy], nil
}

// readManifest reads it, with what the last install was told where that is to be
// used again.
func (o *installOptions) readManifest(ctx context.Context, connected *cluster.Cluster, namespace string, in io.Reader) (manifest.Manifest, error) {
	if !o.source.reuse {
		return o.source.read(ctx, in, namespace)
	}
	last, _, err := install.LastSettings(ctx, connected, namespace)
	if err != nil {
		return manifest.Manifest{}, err
	}
	return o.source.readDemo(namespace, last)
}

func (o *installOptions) run(command *cobra.Command, cluster *connection, streams genericiooptions.IOStreams) error {
	ctx, cancel := o.timeout.limit(command.Context())
	defer cancel()
	if err := o.source.complete(ctx, streams.In); err != nil {
		return err
	}
	run := &install.Install{
		Namespace:  cluster.namespace(),
		DryRun:     o.dryRun,
		Wait:       o.wait,
		Force:      o.force,
		Adopt:      o.adopt,
		Recreate:   o.recreate,
		Prune:      o.prune,
		Replace:    command.Flags().Changed("prune"),
		FailFast:   o.failFast,
		Validation: o.validation,
		Brief:      *o.print.OutputFormat == "",

		ConfirmPrune: confirmPrune(cluster.reporter),

		UpgradeAPIs:     o.upgrade.upgrade,
		SkipUnsupported: o.upgrade.skip,

		Skip: o.skip.set(),
	}
	var printTotals func()
	run.Sink, printTotals = totalsLast(o.dryRun, cluster.reporter.begin().Sink)
	run.Read = func(ctx context.Context) (manifest.Manifest, error) {
		return o.readManifest(ctx, run.Cluster, *cluster.Namespace, streams.In)
	}
	if o.dryRun != event.DryRunClient {
		var err error
		if run.Cluster, err = cluster.connect(run.Sink); err != nil {
			return err
		}
	}
	results, reports, err := o.samples.run(ctx, run, o, cluster.reporter)
	for _, report := range reports {
		results = append(results, report.Results...)
	}
	cluster.reporter.close() // before something else is printed
	var unready *install.UnreadyError
	if err != nil && !errors.As(err, &unready) {
		return err
	}
	err = errors.Join(o.answer(command, cluster, streams, results), err)
	printTotals()
	o.samples.answer(reports, o, cluster.reporter, streams)
	if err == nil {
		o.showNextSteps(cluster, streams)
	}
	return err
}

// answer prints what the user asked for on standard output: the objects in
// the format of -o, what a dry run found, or the demo's pods.
func (o *installOptions) answer(command *cobra.Command, cluster *connection, streams genericiooptions.IOStreams, results []install.Result) error {
	if *o.print.OutputFormat != "" {
		return printObjects(o.print, results, streams.Out)
	}
	if o.dryRun != event.DryRunNone {
		printActions(results, o.dryRun, streams.Out)
		return nil
	}
	o.showPods(command.Context(), cluster, streams)
	return nil
}

// showPods prints the table of pods. That it cannot be had changes nothing
// about what was installed, and is only a warning.
func (o *installOptions) showPods(ctx context.Context, cluster *connection, streams genericiooptions.IOStreams) {
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	var table, remarks bytes.Buffer
	done := make(chan error, 1)
	go func() { // kubectl's machinery knows no context; the program ends with it
		buffered := genericiooptions.IOStreams{In: streams.In, Out: &table, ErrOut: &remarks}
		done <- runGet(cluster, get.NewGetOptions(displayName, buffered), tableCommand(), "pods", nil)
	}()
	warn := func(why string) {
		cluster.reporter.current().Sink(event.Warning{Message: "the pods cannot be shown: " + why})
	}
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		warn("the API server does not answer")
		return
	}
	fmt.Fprint(streams.Out, table.String())
	if remarks.Len() > 0 {
		cluster.reporter.current().Remark(remarks.String())
	}
	if err != nil {
		warn(line(err.Error()))
	}
}

// tableTimeout bounds the request for the table, which comes after the time
// that the user gave may be over.
const tableTimeout = 10 * time.Second

// tableCommand gives a command with the flags that get looks at, all unset.
func tableCommand() *cobra.Command {
	command := &cobra.Command{}
	get.NewGetPrintFlags().AddFlags(command)
	return command
}
