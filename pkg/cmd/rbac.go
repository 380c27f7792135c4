package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/rbac"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

func newRBAC(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	var from source
	var upgrade offlineUpgrade
	var withoutEscalation bool
	command := &cobra.Command{
		Use:   "rbac",
		Short: "Print the minimal roles for install and uninstall",
		Long: paragraphs(`
			Print the minimal roles to install, inspect and uninstall the demo or another
			manifest: a ClusterRole, and for each namespace a Role and the Namespace, which
			may not exist yet. No cluster is needed. The roles depend on the manifest:
			print them again for another one.

			Their holder is as good as cluster-admin, because Istio's own roles are: they
			read all Secrets, and create Deployments in every namespace with any
			ServiceAccount. The holder can also change Istio's roles to grant anything
			(escalate) and bind them to any user (bind). With --without-escalation, the
			roles grant exactly what Istio's own roles grant instead.`),
		Example: examples(`
			# Let user jane install the demo
			kubectl istio-demo rbac --without-escalation | kubectl apply -f -
			kubectl create clusterrolebinding istio-demo-jane --clusterrole=kubectl-istio-demo --user=jane
			kubectl create rolebinding istio-demo-jane -n istio-system --role=kubectl-istio-demo --user=jane

			# Print the roles for another manifest
			kubectl istio-demo rbac -f istio-demo.yaml`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			plan, err := planned(command, &from, &upgrade, cluster, streams)
			if err != nil {
				return err
			}
			access, err := rbac.For(plan.Objects, *cluster.Namespace, !withoutEscalation)
			if err != nil {
				return err
			}
			return printAccess(access, streams.Out)
		},
	}
	from.addFlags(command)
	upgrade.addFlags(command.Flags())
	// As an install would by itself.
	upgrade.preset(command.Flags(), apiupgrade.Latest)
	command.Flags().BoolVar(&withoutEscalation, "without-escalation", false, "Grant what the manifest's own roles grant, instead of the verbs escalate and bind")
	return command
}

// printAccess prints the roles, and in front of them how they are given to
// somebody.
func printAccess(access rbac.RoleSet, out io.Writer) error {
	fmt.Fprintf(out, "# To bind these roles to user NAME after applying them:\n#   kubectl create clusterrolebinding istio-demo-NAME --clusterrole=%s --user=NAME\n", rbac.Name)
	for _, role := range access.Roles {
		fmt.Fprintf(out, "#   kubectl create rolebinding istio-demo-NAME%s --role=%s --user=NAME\n", shell.In(role.Namespace), rbac.Name)
	}
	printer := &printers.YAMLPrinter{}
	for _, object := range access.Objects() {
		if err := printer.PrintObj(object, out); err != nil {
			return err
		}
	}
	return nil
}
