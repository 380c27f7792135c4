package install_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// This is all that a program needs to put the demo on the cluster of the
// kubeconfig's context, as `kubectl istio-demo install` does.
func ExampleInstall_Run() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	ctx, cancel = context.WithTimeoutCause(ctx, 10*time.Minute, cluster.ErrTimeout)
	defer cancel()
	if err := installDemo(ctx, "istio-system", tell); err != nil {
		explain(err)
		os.Exit(1)
	}
}

func installDemo(ctx context.Context, namespace string, sink event.Sink) error {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return err
	}
	connected, err := cluster.Connect(config, sink)
	if err != nil {
		return err
	}
	run := install.Install{
		Read: func(context.Context) (manifest.Manifest, error) {
			return builtin.Demo(builtin.Options{Namespace: namespace, Addons: addon.Names()})
		},
		Cluster:    connected,
		Namespace:  manifest.Namespace{Name: namespace},
		Wait:       true,
		FailFast:   true,
		Prune:      true,
		Validation: "Strict",
		Sink:       sink,
	}
	results, err := run.Run(ctx)
	if err == nil {
		fmt.Printf("%d objects are applied, and run\n", len(results))
	}
	return err
}

// tell prints some of what happens. progress.NewPlain(os.Stderr).Sink prints
// all of it, as the command line does.
func tell(happened event.Event) {
	switch e := happened.(type) {
	case event.Started:
		fmt.Printf("installing %s on %s\n", e.What, e.Server)
	case event.Waiting:
		fmt.Printf("%s: %s\n", e.Object, e.Message)
	case event.Warning:
		fmt.Println("warning:", e.Message)
	}
}

// explain reports the kinds of failure apart.
func explain(err error) {
	var refused *preflight.RefusedError
	var unready *install.UnreadyError
	switch {
	case errors.As(err, &refused):
		fmt.Println("nothing was changed:")
		for _, check := range refused.Failed {
			fmt.Printf("%s: %s; %s\n", check.Name, check.Message, check.Remedy)
		}
	case errors.As(err, &unready):
		for _, object := range unready.Unready {
			fmt.Printf("%s does not run: %s\n", object.Object, object.Why)
		}
	default:
		fmt.Println(err)
	}
}
