package builtin

import (
	"reflect"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
)

// TestDemoTraces has proxies send spans to Jaeger only if it is installed, without
// an object that would compete with the user's own Telemetry.
func TestDemoTraces(t *testing.T) {
	type providers struct{ Metrics, AccessLogging, Tracing []string }
	prometheus := []string{"prometheus"}
	for _, test := range []struct {
		name   string
		addons []string
		set    []string
		want   providers
	}{
		{"with Jaeger", []string{"grafana", "jaeger"}, nil, providers{Metrics: prometheus, Tracing: []string{"jaeger"}}},
		{"without it", []string{"grafana", "prometheus"}, nil, providers{Metrics: prometheus}},
		{"without addons", nil, nil, providers{Metrics: prometheus}},
		{"a revision", []string{"jaeger"}, []string{"revision=canary"}, providers{Metrics: prometheus, Tracing: []string{"jaeger"}}},
		{"without metrics", []string{"jaeger"}, []string{"telemetry.enabled=false"}, providers{Tracing: []string{"jaeger"}}},
		{"another provider", []string{"jaeger"}, []string{"meshConfig.defaultProviders.tracing={otel-tracing}"}, providers{Tracing: []string{"otel-tracing"}}},
		{"another list of providers", []string{"jaeger"}, []string{"meshConfig.extensionProviders[0].name=authz"}, providers{Metrics: prometheus, Tracing: []string{"jaeger"}}},
		{"with the user's logs", []string{"jaeger"}, []string{"meshConfig.defaultProviders.accessLogging={envoy}"}, providers{AccessLogging: []string{"envoy"}, Tracing: []string{"jaeger"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			values, err := chart.MergeValues(nil, test.set)
			if err != nil {
				t.Fatal(err)
			}
			read, err := Demo(Options{Namespace: "mesh", Addons: test.addons, Values: values})
			if err != nil {
				t.Fatal(err)
			}
			var mesh struct {
				DefaultProviders   providers
				ExtensionProviders []struct{ Name string }
			}
			for _, object := range read.Objects {
				if object.GetKind() == "Telemetry" {
					t.Errorf("there is a %s", manifest.Ref(object.Unstructured))
				}
				data, _ := object.Object["data"].(map[string]any)
				if text, is := data["mesh"].(string); is {
					if err := yaml.Unmarshal([]byte(text), &mesh); err != nil {
						t.Fatal(err)
					}
				}
			}
			if !reflect.DeepEqual(mesh.DefaultProviders, test.want) {
				t.Errorf("the providers are %+v", mesh.DefaultProviders)
			}
			for _, name := range mesh.DefaultProviders.Tracing {
				if !slices.ContainsFunc(mesh.ExtensionProviders, func(provider struct{ Name string }) bool { return provider.Name == name }) {
					t.Errorf("there is no provider %s among %v", name, mesh.ExtensionProviders)
				}
			}
		})
	}
}
