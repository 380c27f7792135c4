package cmd

import (
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/cmd/get"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
)

func newPods(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	return newGet(cluster, streams, getCommand{
		resource: "pods",
		aliases:  []string{"pod", "po"},
		short:    "Show the demo's pods",
		examples: `
			# List the demo's pods, like 'kubectl get pods -n istio-system'
			kubectl istio-demo pods

			# Include IPs and nodes, and watch for changes
			kubectl istio-demo pods -o wide -w

			# List the pods of the ingress gateway
			kubectl istio-demo pods -l istio=ingressgateway

			# Print the names of all pods in the cluster that have a sidecar
			kubectl istio-demo pods -A -l security.istio.io/tlsMode=istio -o name`,
	})
}

func newServices(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	return newGet(cluster, streams, getCommand{
		resource: "services",
		aliases:  []string{"service", "svc"},
		short:    "Show the demo's services",
		examples: `
			# List the demo's services, like 'kubectl get services -n istio-system'
			kubectl istio-demo services

			# Print the address of the ingress gateway
			kubectl istio-demo services istio-ingressgateway -o jsonpath='{.status.loadBalancer.ingress[0].ip}'`,
	})
}

// getCommand is what differs between the commands that show objects.
type getCommand struct {
	resource string
	aliases  []string
	short    string
	examples string
}

// newGet makes a `kubectl get` of one resource, with kubectl's own options and
// printers, so that its output is kubectl's to the byte.
func newGet(cluster *connection, streams genericiooptions.IOStreams, which getCommand) *cobra.Command {
	o := get.NewGetOptions(displayName, streams)
	command := &cobra.Command{
		Use:     which.resource + " [NAME ...]",
		Aliases: which.aliases,
		Short:   which.short,
		Long: paragraphs(`
			` + which.short + `, with the output and flags of 'kubectl get ` + which.resource + `'.`),
		Example:           examples(which.examples),
		ValidArgsFunction: cluster.suggestNames(which.resource),
		RunE: func(command *cobra.Command, names []string) error {
			// kubectl's machinery knows no context; a signal simply ends it.
			cluster.releaseSignals()
			return runGet(cluster, o, command, which.resource, names)
		},
	}
	flags := command.Flags()
	o.PrintFlags.AddFlags(command)
	flags.BoolVarP(&o.Watch, "watch", "w", false, "After listing the objects, watch for changes")
	flags.BoolVar(&o.WatchOnly, "watch-only", false, "Watch for changes without listing the objects first")
	flags.BoolVar(&o.OutputWatchEvents, "output-watch-events", false, "Output watch event objects with --watch or --watch-only")
	flags.BoolVar(&o.IgnoreNotFound, "ignore-not-found", false, "Do not fail if a named object does not exist")
	flags.StringVar(&o.FieldSelector, "field-selector", "", "Filter by field, for example status.phase=Running")
	flags.BoolVarP(&o.AllNamespaces, "all-namespaces", "A", false, "List objects across all namespaces")
	flags.BoolVar(&o.ServerPrint, "server-print", true, "Have the server return the table")
	cmdutil.AddChunkSizeFlag(command, &o.ChunkSize)
	cmdutil.AddLabelSelectorFlagVar(command, &o.LabelSelector)
	return command
}

// runGet runs kubectl's get. The command must have its flags.
func runGet(cluster *connection, o *get.GetOptions, command *cobra.Command, resource string, names []string) error {
	if err := cluster.checkNamespace(); err != nil && *cluster.Namespace != "" {
		return err
	}
	if _, err := cluster.restConfig(); err != nil {
		return err
	}
	if _, err := o.PrintFlags.ToPrinter(); err != nil {
		return &usageError{err}
	}
	factory := cmdutil.NewFactory(&coreGetter{cluster})
	arguments := append([]string{resource}, names...)
	if err := o.Complete(factory, command, arguments); err != nil {
		return &usageError{err}
	}
	if err := o.Validate(); err != nil {
		return &usageError{err}
	}
	if err := o.Run(factory, arguments); err != nil {
		return &getError{err}
	}
	return nil
}

// coreGetter answers from what every cluster has, so that kubectl's machinery
// asks for no discovery, and makes it as patient as the rest of the program.
type coreGetter struct{ *connection }

func (g *coreGetter) ToRESTConfig() (*rest.Config, error) {
	config, err := g.connection.ToRESTConfig()
	if err == nil {
		cluster.Patient(config)
	}
	return config, err
}

func (g *coreGetter) ToRESTMapper() (meta.RESTMapper, error) { return coreMapper(), nil }

func (g *coreGetter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return coreDiscovery(), nil
}
