package install_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// A dry run on the client needs no cluster: it gives what would be applied, in
// the order in which it would.
func ExampleInstall_Run_dryRun() {
	install := install.Install{
		Read: func(context.Context) (manifest.Manifest, error) {
			return builtin.Demo(builtin.Options{Namespace: "istio-system"})
		},
		Namespace: manifest.Namespace{Name: "istio-system"},
		DryRun:    event.DryRunClient,
		Sink: func(happened event.Event) {
			if started, is := happened.(event.Started); is {
				fmt.Println(started.What, "in", started.Namespace)
			}
		},
	}
	results, err := install.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range results {
		if result.Ref.Kind == "Namespace" || result.Ref.Kind == "Deployment" {
			fmt.Println(result.Ref.Resource())
		}
	}
	// Output:
	// Istio 1.31.0 demo in istio-system
	// namespace/istio-system
	// deployment.apps/istiod
	// deployment.apps/istio-ingressgateway
	// deployment.apps/istio-egressgateway
}

// What cannot be rendered is a fault of whoever asked for it, and nothing was
// sent to the cluster.
func ExampleInputError() {
	install := install.Install{
		Read: func(context.Context) (manifest.Manifest, error) {
			return builtin.Demo(builtin.Options{Namespace: "istio-system", Addons: []string{"loki"}})
		},
		Namespace: manifest.Namespace{Name: "istio-system"},
		DryRun:    event.DryRunClient,
	}
	_, err := install.Run(context.Background())
	var input *manifest.InputError
	fmt.Println(errors.As(err, &input))
	fmt.Println(err)
	// Output:
	// true
	// unknown addon "loki"; available: grafana, jaeger, kiali, prometheus
}

// Plan reports what of a manifest goes where, and in which order.
func ExamplePlan() {
	content, err := decode.Decode("shop.yaml", []byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: prices, namespace: office}
`), true)
	if err != nil {
		log.Fatal(err)
	}
	planned, _, err := install.Plan(content.Objects, manifest.Namespace{Name: "shop"}, false)
	if err != nil {
		log.Fatal(err)
	}
	for _, object := range planned {
		fmt.Println(manifest.Ref(object.Unstructured))
	}
	// Output:
	// namespace shop
	// configmap office/prices
	// deployment shop/shop
}
