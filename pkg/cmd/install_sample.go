package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/suggest"
)

// withSamples are the flags of install for samples in the mesh.
type withSamples struct {
	names []string
	yes   bool
	// namespace is that of the samples.
	namespace string
}

func (w *withSamples) addFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&w.names, "sample", nil, "Samples to install in the mesh, in the namespace of the kubeconfig's context, before the addons are pulled")
	flags.BoolVarP(&w.yes, "yes", "y", false, "Skip the confirmation prompt before labelling the namespace of --sample")
}

// complete refuses what has no meaning with --sample.
func (w *withSamples) complete(o *installOptions, connection *connection) error {
	slices.Sort(w.names)
	w.names = slices.Compact(w.names)
	for _, name := range w.names {
		if _, known := sample.Find(name); !known {
			return &usageError{fmt.Errorf("unknown sample %q in --sample; %s", name, suggest.Remedy(name, sample.Names()))}
		}
	}
	switch {
	case len(w.names) == 0:
		return nil
	case o.source.own():
		return &usageError{errors.New("--sample is for the built-in demo and cannot be used with -f or -k; use 'kubectl istio-demo sample install' afterwards")}
	case o.dryRun != event.DryRunNone:
		return &usageError{errors.New("--sample cannot be used with --dry-run: a sample can be validated when Istio is installed; use 'kubectl istio-demo sample install NAME --dry-run=server' then")}
	}
	// The flag -n is for the mesh.
	flags := genericclioptions.NewConfigFlags(false)
	flags.KubeConfig, flags.Context = connection.KubeConfig, connection.Context
	var err error
	if w.namespace, _, err = flags.ToRawKubeConfigLoader().Namespace(); err != nil {
		return &kubeconfigError{err}
	}
	if w.namespace == *connection.Namespace {
		return &usageError{fmt.Errorf("--sample would install in namespace %s of the mesh, as it is that of the kubeconfig's context; use 'kubectl istio-demo sample install NAME -n NAMESPACE' afterwards", w.namespace)}
	}
	return nil
}

// run installs the mesh, and the samples if there are any.
func (w *withSamples) run(ctx context.Context, mesh *install.Install, o *installOptions, reporter *reporter) ([]install.Result, []samples.Report, error) {
	if len(w.names) == 0 {
		results, err := mesh.Run(ctx)
		return results, nil, err
	}
	both := &samples.WithMesh{Mesh: *mesh}
	for _, name := range w.names {
		found, _ := sample.Find(name)
		one := &sampleInstallOptions{sample: found, yes: w.yes, keep: "leave out --sample", hub: o.source.hub}
		prepared := one.install(manifest.Namespace{Name: w.namespace}, reporter)
		prepared.Force, prepared.Adopt, prepared.Recreate = o.force, o.adopt, o.recreate
		prepared.FailFast, prepared.Skip, prepared.Inject = o.failFast, o.skip.set(), true
		both.Samples = append(both.Samples, prepared)
	}
	return both.Run(ctx)
}

// answer prints how the samples are.
func (w *withSamples) answer(reports []samples.Report, o *installOptions, reporter *reporter, streams genericiooptions.IOStreams) {
	printer := reporter.current()
	for _, report := range reports {
		warnOfSidecars(report, printer)
		if *o.print.OutputFormat == "" {
			printSample(report, o.wait, printer, streams.Out)
		}
	}
}
