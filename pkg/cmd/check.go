package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/suggest"
)

// checkOptions are the flags of check.
type checkOptions struct {
	source  source
	upgrade upgradeFlags
	skip    skipChecks
	format  string
	timeout timeLimit
}

func newCheck(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &checkOptions{}
	command := &cobra.Command{
		Use:   "check",
		Short: "Check the cluster for problems before an install",
		Long: paragraphs(`
			Run the checks that install runs before its first write, and print the
			results. Nothing is changed.

			A warning does not stop an install; a failure does. 'unknown' is what could not
			be checked, because you may not look or nobody answered. The exit code is 0 if
			no check fails.`),
		Example: examples(`
			# Check whether the cluster is ready for Istio's demo
			kubectl istio-demo check

			# Check for another manifest and namespace
			kubectl istio-demo check -f istio-demo.yaml -n mesh

			# Print the names of failed checks, for scripts
			kubectl istio-demo check -o json | jq -r '.checks[] | select(.verdict == "fail").name'`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.validate(cluster); err != nil {
				return err
			}
			o.source.releaseSignals(cluster)
			return o.run(command.Context(), cluster, streams)
		},
	}
	o.source.addFlags(command)
	o.upgrade.addFlags(command.Flags())
	o.skip.addFlag(command)
	flags := command.Flags()
	flags.StringVarP(&o.format, "output", "o", "", "Output format. One of: (json, yaml)")
	o.timeout.addFlag(flags, time.Minute, "Maximum time for the whole command")
	return command
}

// validate refuses flags without meaning.
func (o *checkOptions) validate(cluster *connection) error {
	if err := o.timeout.validate(""); err != nil {
		return err
	}
	for _, err := range []error{cluster.checkNamespace(), o.source.validate(), o.skip.validate(), checkFormat(o.format)} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *checkOptions) run(ctx context.Context, cluster *connection, streams genericiooptions.IOStreams) error {
	ctx, cancel := o.timeout.limit(ctx)
	defer cancel()
	if err := o.source.complete(ctx, streams.In); err != nil {
		return err
	}
	check := &install.Check{
		Read: func(ctx context.Context) (manifest.Manifest, error) {
			return o.source.read(ctx, streams.In, *cluster.Namespace)
		},
		Namespace: cluster.namespace(),
		Skip:      o.skip.set(),

		UpgradeAPIs:     o.upgrade.upgrade,
		SkipUnsupported: o.upgrade.skip,

		Sink: progress.NewPlain(streams.ErrOut).Sink,
	}
	var err error
	if check.Cluster, err = cluster.connect(check.Sink); err != nil {
		return err
	}
	results, err := check.Run(ctx)
	if err != nil {
		return err
	}
	if err := printChecks(results, o.format, streams.Out); err != nil {
		return err
	}
	var names []string
	for _, result := range preflight.Failed(results) {
		names = append(names, result.Name)
	}
	if len(names) > 0 {
		return fmt.Errorf("install would stop at failed checks: %s", strings.Join(slices.Compact(names), ", "))
	}
	return nil
}

// printChecks prints a table as kubectl's, with each remedy on a line of its
// own below the message, or an object with the field checks, which is an
// interface.
func printChecks(results []preflight.Result, format string, out io.Writer) error {
	if format != "" {
		return printFields(map[string]any{"checks": results}, format, out)
	}
	table := progress.Table{{"NAME", "VERDICT", "MESSAGE"}}
	for _, result := range results {
		table.Row(result.Name, string(result.Verdict), result.Message)
		if result.Remedy != "" {
			table.Row("", "", "-> "+result.Remedy)
		}
	}
	return printTable(table, out)
}

// skipChecks is the flag --skip-checks.
type skipChecks []string

func (s *skipChecks) addFlag(command *cobra.Command) {
	command.Flags().StringSliceVar((*[]string)(s), "skip-checks", nil,
		"Comma-separated list of checks to skip: "+strings.Join(install.CheckNames(), ", "))
}

// validate refuses the names of no check.
func (s skipChecks) validate() error {
	known := install.CheckNames()
	for _, name := range s {
		if !slices.Contains(known, name) {
			return &usageError{fmt.Errorf("unknown check %q in --skip-checks; %s", name, suggest.Remedy(name, known))}
		}
	}
	return nil
}

func (s skipChecks) set() map[string]bool {
	set := map[string]bool{}
	for _, name := range s {
		set[name] = true
	}
	return set
}
