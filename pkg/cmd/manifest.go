package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/demo"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

func newManifest(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	var from source
	var format string
	command := &cobra.Command{
		Use:   "manifest",
		Short: "Print what install would apply",
		Long: paragraphs(`
			Print what install would apply, in the order in which it would. No cluster
			is needed.`),
		Example: examples(`
			# The built-in demo as YAML
			kubectl istio-demo manifest

			# As a JSON List, for instance for jq
			kubectl istio-demo manifest -o json | jq -r '.items[].kind' | sort | uniq -c`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if format != "yaml" && format != "json" {
				return &usageError{fmt.Errorf("unknown output format %q; use yaml or json", format)}
			}
			objects, err := planned(command, &from, cluster, streams)
			if err != nil {
				return err
			}
			return printManifest(objects, format, streams.Out)
		},
	}
	from.addFlags(command)
	command.Flags().StringVarP(&format, "output", "o", "yaml", "Output format. One of: (json, yaml)")
	return command
}

// planned gives what install would apply, without asking a cluster.
func planned(command *cobra.Command, from *source, cluster *connection, streams genericiooptions.IOStreams) ([]manifest.Object, error) {
	if err := from.validate(); err != nil {
		return nil, err
	}
	if err := cluster.checkNamespace(); err != nil {
		return nil, err
	}
	// Nothing is written that would have to be brought to an end.
	cluster.releaseSignals()
	read, err := from.read(command.Context(), streams.In, *cluster.Namespace)
	if err != nil {
		return nil, &demo.InputError{Err: err}
	}
	read = read.Installable()
	sink := progress.NewPlain(streams.ErrOut).Sink
	for _, warning := range read.Warnings {
		sink(event.Warning{Message: warning})
	}
	return demo.Plan(read.Objects, cluster.namespace())
}

// printManifest prints YAML documents, or a JSON List.
func printManifest(objects []manifest.Object, format string, out io.Writer) error {
	if format == "json" {
		var results []demo.Result
		for _, object := range objects {
			results = append(results, demo.Result{Stored: object.Unstructured})
		}
		return (&printers.JSONPrinter{}).PrintObj(listOf(results), out)
	}
	for i, object := range objects {
		if i > 0 {
			fmt.Fprintln(out, "---")
		}
		if err := printYAML(object.Object, out); err != nil {
			return err
		}
	}
	return nil
}
