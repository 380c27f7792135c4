// installer is what another program can look like that installs the demo with
// the packages below pkg: docs/go-api.md describes them. It installs the demo
// without addons on the cluster of the kubeconfig's context and prints the
// pods that run, or takes it away again.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// timeout bounds either of the two.
const timeout = 5 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, cluster.ErrTimeout)
	defer cancel()
	if len(arguments) != 2 {
		return errors.New("usage: installer install|uninstall NAMESPACE")
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return err
	}
	connected, err := cluster.Connect(config, nil)
	if err != nil {
		return err
	}
	switch action, namespace := arguments[0], arguments[1]; action {
	case "install":
		return installDemo(ctx, connected, namespace)
	case "uninstall":
		return uninstallDemo(ctx, connected, namespace)
	default:
		return fmt.Errorf("%q is neither install nor uninstall", action)
	}
}

// installDemo waits until the demo runs and prints its pods.
func installDemo(ctx context.Context, connected *cluster.Cluster, namespace string) error {
	run := install.Install{
		Read: func(context.Context) (manifest.Manifest, error) {
			return builtin.Demo(builtin.Options{Namespace: namespace})
		},
		Cluster:   connected,
		Namespace: manifest.Namespace{Name: namespace},
		Wait:      true,
		Sink:      progress.NewPlain(os.Stderr).Sink,
	}
	results, err := run.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Println(len(results), "objects are applied")
	pods, err := connected.Core.Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodRunning {
			fmt.Println(pod.Labels["app"], "runs")
		}
	}
	return nil
}

// uninstallDemo asks nobody, and prints what is left.
func uninstallDemo(ctx context.Context, connected *cluster.Cluster, namespace string) error {
	run := uninstall.Uninstall{Cluster: connected, Namespace: namespace}
	removal, err := run.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Println(len(removal.Removed), "objects are gone")
	for _, kept := range removal.Kept {
		fmt.Println(kept.Ref, "stays:", kept.Why)
	}
	return nil
}
