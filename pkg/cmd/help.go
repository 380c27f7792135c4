package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
)

// addVersionFlag adds --version, which asks no cluster.
func addVersionFlag(root *cobra.Command, release string) {
	root.Version = release
	root.SetVersionTemplate(fmt.Sprintf("%s {{.Version}} (Istio %s)\n", displayName, chart.Version))
	root.Flags().Bool("version", false, "Print the versions of the plugin and Istio")
}

// failOnUnknownTopics has cobra's help command say what may be meant by a command
// that does not exist, and fail.
func failOnUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, help := range root.Commands() {
		if help.Name() != "help" {
			continue
		}
		show := help.Run
		help.Run, help.RunE = nil, func(command *cobra.Command, topic []string) error {
			found, rest, err := root.Find(topic)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return fmt.Errorf("unknown help topic %q%s", strings.Join(topic, " "), meantCommand(found, rest[0]))
			}
			show(command, topic)
			return nil
		}
		root.RemoveCommand(help) // cobra adds it again when it runs
	}
}

// newOptions is kubectl's command of that name.
func newOptions(streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:   "options",
		Short: "List the flags that all commands take",
		Long:  "List the kubeconfig flags and the others that every command takes.",
		Example: examples(`
			kubectl istio-demo options`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			fmt.Fprintf(streams.Out, "The following options can be passed to any command:\n\n%s", command.Root().PersistentFlags().FlagUsages())
			return nil
		},
	}
}
