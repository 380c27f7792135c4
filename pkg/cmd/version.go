package cmd

import (
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/discovery"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// versions is what version prints; the field names are an interface.
type versions struct {
	ClientVersion clientVersion `json:"clientVersion"`
	IstioVersion  string        `json:"istioVersion"`
	ServerVersion *version.Info `json:"serverVersion,omitempty"`
}

type clientVersion struct {
	GitVersion string `json:"gitVersion"`
	GoVersion  string `json:"goVersion"`
	Platform   string `json:"platform"`
}

func newVersion(cluster *connection, streams genericiooptions.IOStreams, release string) *cobra.Command {
	var clientOnly bool
	var format string
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the plugin, Istio and the cluster",
		Example: examples(`
			# Print the versions of the plugin, its built-in Istio and the current cluster
			kubectl istio-demo version

			# Print JSON without contacting a cluster, for scripts
			kubectl istio-demo version --client -o json`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			found := versions{
				ClientVersion: clientVersion{release, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH},
				IstioVersion:  chart.Version,
			}
			var err error
			if !clientOnly {
				found.ServerVersion, err = serverVersion(command, cluster)
			}
			// Print what is known even if the server does not answer.
			return errors.Join(printVersions(found, format, streams.Out), err)
		},
	}
	command.Flags().BoolVar(&clientOnly, "client", false, "Print the versions of the plugin and Istio only (no cluster required)")
	command.Flags().StringVarP(&format, "output", "o", "", "Output format. One of: (json, yaml)")
	return command
}

// serverVersion asks the cluster, if a kubeconfig names one.
func serverVersion(command *cobra.Command, cluster *connection) (*version.Info, error) {
	config, err := cluster.restConfig()
	if errors.Is(err, errNoKubeconfig) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, &kubeconfigError{err}
	}
	return client.ServerVersionWithContext(command.Context())
}

func printVersions(found versions, format string, out io.Writer) error {
	if format != "" {
		return printFields(found, format, out)
	}
	fmt.Fprintf(out, "Client Version: %s\nIstio Version: %s\n", found.ClientVersion.GitVersion, found.IstioVersion)
	if found.ServerVersion != nil {
		fmt.Fprintf(out, "Server Version: %s\n", progress.Printable(found.ServerVersion.String()))
	}
	return nil
}
