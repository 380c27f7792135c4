package samples_test

import (
	"context"
	"fmt"
	"log"

	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
)

// A sample has an inventory of its own, and needs an Istio that is installed.
func ExampleInstall_Run() {
	cluster, err := cluster.Connect(&rest.Config{Host: "https://cluster.example.com"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	bookinfo, _ := sample.Find("bookinfo")
	install := samples.Install{
		Install: install.Install{
			Read: func(context.Context) (manifest.Manifest, error) {
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
