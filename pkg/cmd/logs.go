package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	appsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/cmd/logs"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
)

var errNoComponent = errors.New("component or pod required, for example istiod; 'kubectl istio-demo pods' lists the pods")

func newLogs(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := logs.NewLogsOptions(streams)
	command := &cobra.Command{
		Use:   "logs COMPONENT [CONTAINER]",
		Short: "Print the logs of istiod, a gateway, an addon or a pod",
		Long: paragraphs(`
			Print the logs of a component: of the first pod of its Deployment, or of all
			pods with --all-pods. A name without a Deployment is the name of a pod;
			TYPE/NAME and the flags work as in 'kubectl logs'.`),
		Example: examples(`
			# Follow the logs of istiod
			kubectl istio-demo logs istiod -f

			# Print the last 20 lines of all pods of the ingress gateway
			kubectl istio-demo logs istio-ingressgateway --all-pods --tail=20

			# Print the logs of istiod before it crashed
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
	if err := checkLogs(o, arguments); err != nil {
		return &usageError{err}
	}
	if _, err := cluster.restConfig(); err != nil {
		return err
	}
	getter := &coreGetter{cluster}
	resolved := slices.Clone(arguments)
	if len(arguments) > 0 {
		var err error
		if resolved[0], err = component(command.Context(), getter, arguments[0]); err != nil {
			return err
		}
	}
	if err := o.Complete(cmdutil.NewFactory(getter), command, resolved); err != nil {
		if apierrors.IsNotFound(err) && !strings.Contains(resolved[0], "/") {
			return fmt.Errorf("component or pod %s not found in namespace %s; 'kubectl istio-demo pods' lists the pods, and -n selects another namespace", resolved[0], *cluster.Namespace)
		}
		return &getError{err}
	}
	if err := o.Validate(); err != nil {
		return &usageError{err}
	}
	chosen := o.LogsForObject
	o.LogsForObject = func(getter genericclioptions.RESTClientGetter, object, options runtime.Object, timeout time.Duration, all bool) (map[corev1.ObjectReference]rest.ResponseWrapper, error) {
		defer divert(o.ErrOut)()
		return chosen(getter, object, options, timeout, all)
	}
	if err := o.RunLogsContext(command.Context()); err != nil {
		return &getError{err}
	}
	return nil
}

// divert has what is printed to the process's standard error go to a stream, until
// it is ended: kubectl's machinery prints there which pod it has chosen, by the
// name that the server returns. Where there is no pipe nothing is diverted.
func divert(stream io.Writer) (end func()) {
	read, write, err := os.Pipe()
	if err != nil {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(stream, read)
	}()
	process := os.Stderr
	os.Stderr = write
	return func() {
		os.Stderr = process
		write.Close()
		<-done
		read.Close()
	}
}

// checkLogs refuses what has no meaning, which kubectl does on several lines,
// some of them after it has asked the cluster.
func checkLogs(o *logs.LogsOptions, arguments []string) error {
	_, err := o.ToLogOptions()
	switch {
	case len(arguments) == 0 && o.Selector == "":
		return errNoComponent
	case len(arguments) > 0 && o.Selector != "":
		return fmt.Errorf("unexpected argument %q: -l selects the pods", arguments[0])
	case len(arguments) > 2:
		return fmt.Errorf("unexpected argument %q: logs takes one component and one container", arguments[2])
	case err != nil:
		return fmt.Errorf("--since-time: %w", err)
	}
	return nil
}

// component returns "deployments/istiod" for "istiod", if there is such a
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
