package demo_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/demo"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
)

// A dry run on the client needs no cluster: it gives what would be applied, in
// the order in which it would.
func ExampleInstall_Run_dryRun() {
	install := demo.Install{
		Read: func(context.Context) (demo.Manifest, error) {
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
	install := demo.Install{
		Read: func(context.Context) (demo.Manifest, error) {
			return builtin.Demo(builtin.Options{Namespace: "istio-system", Addons: []string{"loki"}})
		},
		Namespace: manifest.Namespace{Name: "istio-system"},
		DryRun:    event.DryRunClient,
	}
	_, err := install.Run(context.Background())
	var input *demo.InputError
	fmt.Println(errors.As(err, &input))
	fmt.Println(err)
	// Output:
	// true
	// there is no addon "loki"; there are grafana, jaeger, kiali, prometheus
}

// Plan tells what of a manifest goes where, and in which order.
func ExamplePlan() {
	content, err := manifest.Decode("shop.yaml", []byte(`
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
	planned, err := demo.Plan(content.Objects, manifest.Namespace{Name: "shop"})
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

// A sample has an inventory of its own, and needs an Istio that is installed.
func ExampleSampleInstall_Run() {
	cluster, err := demo.Connect(&rest.Config{Host: "https://cluster.example.com"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	bookinfo, _ := sample.Find("bookinfo")
	install := demo.SampleInstall{
		Install: demo.Install{
			Read: func(context.Context) (demo.Manifest, error) {
				return builtin.Sample(sample.Options{Name: bookinfo.Name})
			},
			Cluster:   cluster,
			Namespace: manifest.Namespace{Name: "shop"},
			Wait:      true,
		},
		Sample:  bookinfo.Name,
		Gateway: bookinfo.Gateway,
		Path:    bookinfo.Path,
		Inject:  true,
	}
	report, err := install.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d pods have a sidecar; see %s\n", report.Sidecars.Injected, report.Sidecars.Pods, report.Address.URL)
}

// Status looks once and does not wait.
func ExampleStatus_Run() {
	demoCluster, err := demo.Connect(&rest.Config{Host: "https://cluster.example.com"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Minute, demo.ErrTimeout)
	defer cancel()
	look := demo.Status{Cluster: demoCluster, Namespace: "istio-system"}
	report, err := look.Run(ctx)
	var none *demo.NotInstalledError
	switch {
	case errors.As(err, &none):
		fmt.Println("there is no demo in", none.Namespace)
		return
	case err != nil:
		log.Fatal(err)
	}
	for _, workload := range report.Workloads {
		fmt.Println(workload.Kind, workload.Name, workload.Replicas)
		for _, finding := range workload.Findings {
			fmt.Println("  because of", finding, "try", finding.Next)
		}
	}
}

// Uninstall finds by the inventory what there is to remove. Confirm sees all
// of it before.
func ExampleUninstall_Run() {
	cluster, err := demo.Connect(&rest.Config{Host: "https://cluster.example.com"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	uninstall := demo.Uninstall{
		Cluster:   cluster,
		Namespace: "istio-system",
		Confirm: func(removal demo.Removal) error {
			if len(removal.Removed) > 200 {
				return demo.ErrDeclined
			}
			return nil
		},
	}
	removal, err := uninstall.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(removal.Removed), "objects are gone")
	for _, kept := range removal.Kept {
		fmt.Println(kept.Ref, "stays:", kept.Why)
	}
}
