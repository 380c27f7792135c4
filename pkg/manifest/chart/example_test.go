package chart_test

import (
	"fmt"
	"log"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
)

// Values are given as Helm takes them.
func ExampleRender() {
	file := chart.ValuesFile{Name: "mesh.yaml", Data: []byte("pilot: {autoscaleMin: 2}")}
	values, err := chart.MergeValues([]chart.ValuesFile{file}, []string{"pilot.traceSampling=10"})
	if err != nil {
		log.Fatal(err)
	}
	rendered, err := chart.Render(chart.Options{Namespace: "istio-system", Values: values})
	if err != nil {
		log.Fatal(err)
	}
	for _, object := range rendered.Objects {
		if object.GetKind() == "Deployment" {
			fmt.Println(object.GetNamespace(), object.GetName())
		}
	}
	fmt.Println(rendered.Architectures, rendered.Injected)
	// Output:
	// istio-system istiod
	// istio-system istio-ingressgateway
	// istio-system istio-egressgateway
	// [amd64 arm64] [registry.istio.io/release/proxyv2:1.31.0]
}
