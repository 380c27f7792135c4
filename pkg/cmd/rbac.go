package cmd

import (
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/demo"
)

func newRBAC(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	var from source
	var upgrade offlineUpgrade
	command := &cobra.Command{
		Use:   "rbac",
		Short: "Print the smallest role that install and uninstall need",
		Long: paragraphs(`
			Print a ClusterRole with what is needed to install the demo, or a manifest of
			your own, to look at it and to take it away, and nothing else. No cluster is
			needed. It changes with the manifest: print it again for another one.

			Whoever has it can put the demo's own roles on the cluster (escalate, bind),
			and so is to be trusted with what these allow.`),
		Example: examples(`
			# Let somebody install the demo
			kubectl istio-demo rbac | kubectl apply -f -
			kubectl create clusterrolebinding istio-demo-jane --clusterrole=kubectl-istio-demo --user=jane

			# For a manifest of your own
			kubectl istio-demo rbac -f istio-demo.yaml`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			plan, err := planned(command, &from, &upgrade, cluster, streams)
			if err != nil {
				return err
			}
			return (&printers.YAMLPrinter{}).PrintObj(demo.Role(plan.Objects), streams.Out)
		},
	}
	from.addFlags(command)
	upgrade.addFlags(command.Flags())
	// As an install would by itself.
	upgrade.preset(command.Flags(), demo.LatestRelease)
	return command
}
