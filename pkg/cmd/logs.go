package cmd

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	appsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"
	"k8s.io/kubectl/pkg/cmd/logs"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
)

var errNoComponent = errors.New("logs of what? name a component such as istiod, or a pod; 'kubectl istio-demo pods' lists the pods")

func newLogs(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := logs.NewLogsOptions(streams)
	command := &cobra.Command{
		Use:   "logs COMPONENT [CONTAINER]",
		Short: "Print the logs of istiod, a gateway, an addon or a pod",
		Long: paragraphs(`
			Print the logs of a component: of the first pod of its deployment, or of all
			with --all-pods. What is no deployment is the name of a pod, and TYPE/NAME is
			what kubectl takes for it. The flags are kubectl's.`),
		Example: examples(`
			# What istiod says, and goes on to say
			kubectl istio-demo logs istiod -f

			# The last lines of all pods of the ingress gateway
			kubectl istio-demo logs istio-ingressgateway --all-pods --tail=20

			# Before it crashed
			kubectl istio-demo logs istiod -p`),
		ValidArgsFunction: cluster.suggestLogs,
		RunE: func(command *cobra.Command, arguments []string) error {
			// kubectl's machinery ends with the program; a signal simply does that.
			cluster.releaseSignals()
			return runLogs(command, cluster, o, arguments)
		},
	}
	o.AddFlags(command)
	return command
}

// runLogs runs kubectl's logs.
func runLogs(command *cobra.Command, cluster *connection, o *logs.LogsOptions, arguments []string) error {
	if err := cluster.checkNamespace(); err != nil {
		return err
	}
	if len(arguments) == 0 && o.Selector == "" {
		return &usageError{errNoComponent}
	}
	if _, err := cluster.restConfig(); err != nil {
		return err
	}
	getter := &coreGetter{cluster}
	if len(arguments) > 0 {
		named, err := component(command.Context(), getter, arguments[0])
		if err != nil {
			return err
		}
		arguments = append([]string{named}, arguments[1:]...)
	}
	if err := o.Complete(cmdutil.NewFactory(getter), command, arguments); err != nil {
		return &getError{err}
	}
	if err := o.Validate(); err != nil {
		return &usageError{err}
	}
	if err := o.RunLogsContext(command.Context()); err != nil {
		return &getError{err}
	}
	return nil
}

// component gives "deployments/istiod" for "istiod", if there is such a
// deployment, and everything else as it is.
func component(ctx context.Context, getter *coreGetter, name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	config, err := getter.ToRESTConfig()
	if err != nil {
		return "", err
	}
	client, err := appsv1.NewForConfig(config)
	if err != nil {
		return "", &kubeconfigError{err}
	}
	_, err = client.Deployments(*getter.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil:
		return "deployments/" + name, nil
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return name, nil
	}
	return "", err
}
