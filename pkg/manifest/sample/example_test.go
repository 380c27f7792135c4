package sample_test

import (
	"fmt"
	"log"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
)

func ExampleRender() {
	objects, err := sample.Render(sample.Options{Name: "httpbin", Hub: "registry.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	for _, object := range objects {
		fmt.Println(manifest.Ref(object.Unstructured).Resource())
	}
	// Output:
	// serviceaccount/httpbin
	// service/httpbin
	// destinationrule.networking.istio.io/httpbin
	// deployment.apps/httpbin
	// gateway.networking.istio.io/httpbin-gateway
	// virtualservice.networking.istio.io/httpbin
}

func ExampleAll() {
	for _, each := range sample.All() {
		fmt.Printf("%s (%s) is at %s\n", each.Name, each.Shows, each.Path)
	}
	// Output:
	// bookinfo (four services, one in three versions: routing, traffic shifting, telemetry) is at /productpage
	// helloworld (one service in two versions: load balancing) is at /hello
	// httpbin (one service that answers with the request: policies, timeouts, headers) is at /get
}
