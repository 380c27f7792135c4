package builtin_test

import (
	"fmt"
	"log"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
)

// All images come from a mirror, those of the addon and of the sidecars, too.
func ExampleDemo() {
	values, err := chart.MergeValues(nil, []string{"gateways.istio-egressgateway.enabled=false"})
	if err != nil {
		log.Fatal(err)
	}
	read, err := builtin.Demo(builtin.Options{
		Namespace: "istio-system",
		Hub:       "registry.example.com/istio",
		Values:    values,
		Addons:    []string{"prometheus"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(read.What, "for Kubernetes", read.MinimumVersion)
	for _, image := range read.Images() {
		fmt.Println(image)
	}
	// Output:
	// Istio 1.31.0 demo for Kubernetes 1.32
	// registry.example.com/istio/pilot:1.31.0
	// registry.example.com/istio/prometheus:v3.10.0
	// registry.example.com/istio/proxyv2:1.31.0
}

func ExampleSample() {
	read, err := builtin.Sample(sample.Options{Name: "helloworld"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(read.What)
	for _, object := range read.Objects {
		if object.GetKind() == "Deployment" {
			fmt.Println(object.GetName())
		}
	}
	// Output:
	// the sample helloworld
	// helloworld-v1
	// helloworld-v2
}
