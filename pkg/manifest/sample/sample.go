// Package sample has the applications of Istio's documentation: the services,
// images and names are Istio's, and the manifests are this project's own.
package sample

import (
	"embed"
	"fmt"
	"path"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// manifests have, for each sample, the application in NAME.yaml and one way in
// each in NAME-gateway.yaml and NAME-gateway-api.yaml.
//
//go:embed manifests/*.yaml
var manifests embed.FS

// Sample is an application.
type Sample struct {
	Name string
	// Shows says in a few words what it is good for.
	Shows string
	// Path is where it can be seen, behind the gateway's address.
	Path string
	// Gateway is the name of its gateway, and Routable tells whether its
	// services call each other, so that routes between them make a difference.
	Gateway  string
	Routable bool
}

var samples = []Sample{
	{Name: "bookinfo", Shows: "four services, one in three versions: routing, traffic shifting, telemetry", Path: "/productpage", Gateway: "bookinfo-gateway", Routable: true},
	{Name: "helloworld", Shows: "one service in two versions: load balancing", Path: "/hello", Gateway: "helloworld-gateway"},
	{Name: "httpbin", Shows: "one service that answers with the request: policies, timeouts, headers", Path: "/get", Gateway: "httpbin-gateway"},
}

// All returns the samples, sorted by name.
func All() []Sample { return slices.Clone(samples) }

// Names returns the names of the samples, sorted.
func Names() []string {
	names := make([]string, len(samples))
	for i, sample := range samples {
		names[i] = sample.Name
	}
	return names
}

// Find returns the sample of a name, and false where there is none.
func Find(name string) (Sample, bool) {
	i := slices.IndexFunc(samples, func(sample Sample) bool { return sample.Name == name })
	if i < 0 {
		return Sample{}, false
	}
	return samples[i], true
}

// Options say how a sample is to be. All but the name may be empty.
type Options struct {
	Name string
	// Hub is a registry to take all images from; empty for where they are
	// published.
	Hub string
	// GatewayAPI makes the way in of the Gateway API's kinds instead of
	// Istio's.
	GatewayAPI bool
}

// Render returns the objects of a sample, the way in last. They name no
// namespace, and are new ones with each call. The error is a name that is none
// of Names.
func Render(options Options) ([]manifest.Object, error) {
	sample, known := Find(options.Name)
	if !known {
		return nil, fmt.Errorf("unknown sample %q", options.Name)
	}
	gateway := sample.Name + "-gateway.yaml"
	if options.GatewayAPI {
		gateway = sample.Name + "-gateway-api.yaml"
	}
	var objects []manifest.Object
	for _, file := range []string{sample.Name + ".yaml", gateway} {
		data, err := manifests.ReadFile("manifests/" + file)
		if err != nil {
			return nil, err
		}
		content, err := decode.Decode("sample "+file, data, true)
		if err != nil {
			return nil, err
		}
		objects = append(objects, content.Objects...)
	}
	if options.Hub != "" {
		for _, object := range objects {
			if err := mirror(object.Unstructured, options.Hub); err != nil {
				return nil, err
			}
		}
	}
	return objects, nil
}

// mirror takes the images of a workload from another registry, where they keep
// the last part of their name.
func mirror(object *unstructured.Unstructured, hub string) error {
	return eachContainer(object, func(container map[string]any) {
		image, _ := container["image"].(string)
		container["image"] = hub + "/" + path.Base(image)
	})
}

// Images returns the images of a sample, sorted, each once. The error is a name
// that is none of Names.
func Images(options Options) ([]string, error) {
	objects, err := Render(options)
	if err != nil {
		return nil, err
	}
	var images []string
	for _, object := range objects {
		if err := eachContainer(object.Unstructured, func(container map[string]any) {
			images = append(images, container["image"].(string))
		}); err != nil {
			return nil, err
		}
	}
	slices.Sort(images)
	return slices.Compact(images), nil
}

// eachContainer visits the containers of a workload, which may be changed.
func eachContainer(object *unstructured.Unstructured, visit func(container map[string]any)) error {
	where := []string{"spec", "template", "spec", "containers"}
	containers, found, err := unstructured.NestedSlice(object.Object, where...)
	if err != nil || !found {
		return err
	}
	for _, container := range containers {
		visit(container.(map[string]any))
	}
	return unstructured.SetNestedSlice(object.Object, containers, where...)
}
