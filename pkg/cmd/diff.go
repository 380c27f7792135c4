package cmd

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/diff"
	"k8s.io/utils/exec"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

func newDiff(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	var from source
	var prune, showManagedFields bool
	var timeout timeLimit
	var upgrade upgradeFlags
	command := &cobra.Command{
		Use:   "diff",
		Short: "Show what install would change",
		Long: paragraphs(`
			Show what install would change, without changing anything: each object is
			sent to the API server as a dry run. Fields that controllers own are omitted,
			because install leaves them alone; fields that people changed are shown.
			Secrets are masked.

			KUBECTL_EXTERNAL_DIFF selects another diff program, as in 'kubectl diff'. The
			exit code is 0 without differences, 1 with differences, and 2 or more after an
			error.`),
		Example: examples(`
			# Show what changed since the install
			kubectl istio-demo diff

			# Show what another value would change
			kubectl istio-demo diff --set pilot.traceSampling=10

			# Show the differences in colour
			KUBECTL_EXTERNAL_DIFF="colordiff -N -u" kubectl istio-demo diff`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := from.validate(); err != nil {
				return err
			}
			if err := cluster.checkNamespace(); err != nil {
				return err
			}
			if err := timeout.validate(""); err != nil {
				return err
			}
			ctx, cancel := timeout.limit(command.Context())
			defer cancel()
			differences, err := differencesOf(ctx, cluster, streams, from, upgrade, prune)
			if err != nil {
				return &troubleError{err}
			}
			return showDifferences(differences, showManagedFields, streams)
		},
	}
	from.addFlags(command)
	upgrade.addFlags(command.Flags())
	flags := command.Flags()
	flags.BoolVar(&prune, "prune", true, "Also show what install would delete")
	flags.BoolVar(&showManagedFields, "show-managed-fields", false, "Also compare managedFields")
	timeout.addFlag(flags, 2*time.Minute, "Maximum time for the whole command")
	return command
}

func differencesOf(ctx context.Context, cluster *connection, streams genericiooptions.IOStreams, from source, upgrade upgradeFlags, prune bool) ([]install.Difference, error) {
	if err := from.complete(ctx, streams.In); err != nil {
		return nil, err
	}
	sink := progress.NewPlain(streams.ErrOut).Sink
	connected, err := cluster.connect(sink)
	if err != nil {
		return nil, err
	}
	run := &install.Install{
		Read: func(ctx context.Context) (manifest.Manifest, error) {
			return from.read(ctx, streams.In, *cluster.Namespace)
		},
		Cluster:         connected,
		Namespace:       cluster.namespace(),
		Prune:           prune,
		Validation:      "Ignore",
		UpgradeAPIs:     upgrade.upgrade,
		SkipUnsupported: upgrade.skip,
		Sink:            sink,
	}
	return run.Diff(ctx)
}

// troubleError is what kept a comparison from being made; it never exits with
// 1, which says that something differs.
type troubleError struct{ err error }

func (e *troubleError) Error() string { return e.err.Error() }
func (e *troubleError) Unwrap() error { return e.err }

// showDifferences runs the diff program on them.
func showDifferences(differences []install.Difference, showManagedFields bool, streams genericiooptions.IOStreams) error {
	if len(differences) == 0 {
		return nil
	}
	differ, err := diff.NewDiffer("LIVE", "MERGED")
	if err != nil {
		return &troubleError{err}
	}
	defer differ.TearDown()
	for _, difference := range differences {
		if err := printDifference(differ, difference, showManagedFields); err != nil {
			return &troubleError{err}
		}
	}
	// The program may want to know whether it prints to a terminal.
	streams.Out = bare(streams.Out)
	err = differ.Run(&diff.DiffProgram{Exec: exec.New(), IOStreams: streams})
	var exit exec.ExitError
	if errors.As(err, &exit) && exit.ExitStatus() == 1 {
		return &answeredError{exitDiffers}
	}
	if err != nil {
		return &troubleError{err}
	}
	return nil
}

// printDifference prints both sides of a difference, each into a file that the
// diff program reads.
func printDifference(differ *diff.Differ, difference install.Difference, showManagedFields bool) error {
	sides := []*unstructured.Unstructured{difference.Live, difference.Merged}
	if !showManagedFields {
		for _, side := range sides {
			if side != nil {
				side.SetManagedFields(nil)
			}
		}
	}
	if difference.Ref.Group == secretKind.Group && difference.Ref.Kind == secretKind.Kind {
		if err := mask(sides[0], sides[1]); err != nil {
			return err
		}
	}
	name := fileName(difference)
	for i, version := range []*diff.DiffVersion{differ.From, differ.To} {
		if err := printSide(version, name, sides[i]); err != nil {
			return err
		}
	}
	return nil
}
