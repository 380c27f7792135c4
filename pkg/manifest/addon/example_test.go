package addon_test

import (
	"fmt"
	"log"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
)

func ExampleRender() {
	objects, err := addon.Render(addon.Options{Namespace: "istio-system", Names: []string{"jaeger"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, object := range objects {
		fmt.Println(manifest.Ref(object.Unstructured).Resource())
	}
	// Output:
	// serviceaccount/jaeger
	// configmap/jaeger
	// service/tracing
	// service/zipkin
	// service/jaeger-collector
	// deployment.apps/jaeger
}
