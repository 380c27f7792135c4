package cmd

import (
	"fmt"
	"io"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/rbac"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

func newRBAC(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	var from source
	var upgrade offlineUpgrade
	var withoutEscalation bool
	command := &cobra.Command{
		Use:   "rbac",
		Short: "Print the smallest roles that install and uninstall need",
		Long: paragraphs(`
			Print the roles with which the demo, or a manifest of your own, can be
			installed, looked at and removed, and nothing else: a ClusterRole, and a Role
			for each namespace, which is printed, too, as it may not exist yet. No cluster
			is needed. They change with the manifest: print them again for another one.

			Whoever has them is as good as cluster-admin, because Istio's own roles are:
			they read all Secrets, and create Deployments in every namespace, with any
			ServiceAccount there. They may also change these roles to grant anything
			(escalate) and bind them to anybody (bind). With --without-escalation they may
			not: the roles then grant what Istio's own roles do, and not one right more.`),
		Example: examples(`
			# Let somebody install the demo
			kubectl istio-demo rbac --without-escalation | kubectl apply -f -
			kubectl create clusterrolebinding istio-demo-jane --clusterrole=kubectl-istio-demo --user=jane
			kubectl create rolebinding istio-demo-jane -n istio-system --role=kubectl-istio-demo --user=jane

			# For a manifest of your own
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
	command.Flags().BoolVar(&withoutEscalation, "without-escalation", false, "Grant what the manifest's own roles do, instead of the verbs escalate and bind on them")
	return command
}

// printAccess prints the roles, and in front of them how they are given to
// somebody.
func printAccess(access rbac.RoleSet, out io.Writer) error {
	fmt.Fprintf(out, "# To give these roles to a user NAME, after they are applied:\n#   kubectl create clusterrolebinding istio-demo-NAME --clusterrole=%s --user=NAME\n", rbac.Name)
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
