package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

func newManifest(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	var from source
	var upgrade offlineUpgrade
	var format string
	command := &cobra.Command{
		Use:   "manifest",
		Short: "Print the manifest that install would apply",
		Long: paragraphs(`
			Print the objects that install would apply, in order. No cluster is needed.`),
		Example: examples(`
			# Print the built-in demo as YAML
			kubectl istio-demo manifest

			# Print a JSON List, and count the objects of each kind
			kubectl istio-demo manifest -o json | jq -r '.items[].kind' | sort | uniq -c

			# Convert an old manifest to current API versions, and report the changes
			kubectl istio-demo manifest -f istio-demo.yaml --upgrade-apis=1.37 > upgraded.yaml
			kubectl istio-demo manifest -f istio-demo.yaml --upgrade-apis=1.37 -o report`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			switch format {
			case "yaml", "json":
			case "report":
				if upgrade.release == "" {
					return &usageError{fmt.Errorf("-o report requires --%s, for example --%[1]s=1.37", upgradeFlag)}
				}
			default:
				return &usageError{fmt.Errorf("unknown output format %q; use yaml, json or report", format)}
			}
			upgrade.report = format == "report"
			plan, err := planned(command, &from, &upgrade, cluster, streams)
			if err != nil {
				return err
			}
			if upgrade.report {
				return printReport(plan, streams.Out)
			}
			printChanges(plan.Changes, streams.ErrOut)
			return printManifest(plan.Objects, format, streams.Out)
		},
	}
	from.addFlags(command)
	upgrade.addFlags(command.Flags())
	command.Flags().StringVarP(&format, "output", "o", "yaml", "Output format. One of: (json, yaml, report); report lists the changes of --upgrade-apis")
	return command
}

// planned returns what install would apply, in its order, without asking a
// cluster.
func planned(command *cobra.Command, from *source, upgrade *offlineUpgrade, cluster *connection, streams genericiooptions.IOStreams) (apiupgrade.Upgraded, error) {
	for _, err := range []error{from.validate(), upgrade.validate(), cluster.checkNamespace()} {
		if err != nil {
			return apiupgrade.Upgraded{}, err
		}
	}
	from.releaseSignals(cluster)
	if err := from.complete(command.Context(), streams.In); err != nil {
		return apiupgrade.Upgraded{}, err
	}
	read, err := from.read(command.Context(), streams.In, *cluster.Namespace)
	if err != nil {
		return apiupgrade.Upgraded{}, &manifest.InputError{Err: err}
	}
	read = read.Installable()
	sink := progress.NewPlain(streams.ErrOut).Sink
	for _, warning := range read.Warnings {
		sink(event.Warning{Message: warning})
	}
	upgraded, err := upgrade.apply(read.Objects, sink)
	if err != nil {
		return upgraded, err
	}
	var warnings []string
	upgraded.Objects, warnings, err = install.Plan(upgraded.Objects, cluster.namespace(), read.LastWins)
	for _, warning := range warnings {
		sink(event.Warning{Message: warning})
	}
	return upgraded, err
}

// printManifest prints YAML documents, or a JSON List.
func printManifest(objects []manifest.Object, format string, out io.Writer) error {
	if format == "json" {
		var results []install.Result
		for _, object := range objects {
			results = append(results, install.Result{Stored: object.Unstructured})
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
