package addon

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
)

// all renders every addon.
func all(t *testing.T, namespace, hub string) []manifest.Object {
	t.Helper()
	objects, err := Render(Options{Namespace: namespace, Hub: hub, Names: Names()})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestNames(t *testing.T) {
	if got, want := Names(), []string{"grafana", "jaeger", "kiali", "prometheus"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	entries, err := sources.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(Names()) {
		t.Errorf("there are %d folders for %d addons", len(entries), len(Names()))
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name, message string
		options       Options
	}{
		{"an unknown addon", `unknown addon "loki"; available: grafana, jaeger, kiali, prometheus`, Options{Namespace: "istio-system", Names: []string{"jaeger", "loki"}}},
		{"no namespace", `namespace "": `, Options{Names: []string{"jaeger"}}},
		{"no name of a namespace", `namespace "a\"\n---": `, Options{Namespace: "a\"\n---", Names: []string{"jaeger"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			objects, err := Render(test.options)
			if err == nil || !strings.HasPrefix(err.Error(), test.message) || objects != nil {
				t.Errorf("got %v and %d objects", err, len(objects))
			}
		})
	}
}

func TestImages(t *testing.T) {
	for _, test := range []struct {
		name, hub string
		names     []string
		want      []string
	}{
		{"their own registries", "", Names(), []string{
			"docker.io/grafana/grafana:12.0.1", "docker.io/jaegertracing/jaeger:2.17.0",
			"docker.io/prom/prometheus:v3.10.0", "quay.io/kiali/kiali:v2.27",
		}},
		{"a mirror", "registry.example.com:5000/istio", Names(), []string{
			"registry.example.com:5000/istio/grafana:12.0.1", "registry.example.com:5000/istio/jaeger:2.17.0",
			"registry.example.com:5000/istio/kiali:v2.27", "registry.example.com:5000/istio/prometheus:v3.10.0",
		}},
		{"a mirror with a slash", "registry.example.com/", []string{"kiali"}, []string{"registry.example.com/kiali:v2.27"}},
		{"some, and one twice", "", []string{"prometheus", "jaeger", "prometheus"}, []string{
			"docker.io/jaegertracing/jaeger:2.17.0", "docker.io/prom/prometheus:v3.10.0",
		}},
		{"none", "", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := Options{Namespace: "istio-system", Hub: test.hub, Names: test.names}
			objects, err := Render(options)
			if err != nil {
				t.Fatal(err)
			}
			var pulled []string
			for _, deployment := range deployments(t, objects) {
				for _, container := range deployment.Spec.Template.Spec.Containers {
					pulled = append(pulled, container.Image)
				}
			}
			slices.Sort(pulled)
			if !slices.Equal(pulled, test.want) {
				t.Errorf("the pods pull %q", pulled)
			}
		})
	}
}

// TestStable renders the same from the same options, whatever their order.
func TestStable(t *testing.T) {
	options := Options{Namespace: "istio-system", Names: []string{"prometheus", "grafana", "kiali", "jaeger", "grafana"}}
	want, err := json.Marshal(all(t, "istio-system", ""))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		objects, err := Render(options)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(objects)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Fatal("two renderings differ")
		}
	}
}

// TestPlaces finds every object in the namespace, and two demos apart.
func TestPlaces(t *testing.T) {
	clusterWide := map[string]bool{"ClusterRole": true, "ClusterRoleBinding": true}
	seen := map[event.Object]bool{}
	// The second name would be a number, if YAML were asked.
	for _, namespace := range []string{"istio-system", "1e3"} {
		for _, object := range all(t, namespace, "") {
			ref := manifest.Ref(object.Unstructured)
			if seen[ref] {
				t.Errorf("there are two of %v", ref)
			}
			seen[ref] = true
			switch {
			case clusterWide[object.GetKind()]:
				if object.GetNamespace() != "" || !strings.HasSuffix(object.GetName(), "-"+namespace) {
					t.Errorf("%v is not named after %s", ref, namespace)
				}
			case object.GetNamespace() != namespace:
				t.Errorf("%v is not in %s", ref, namespace)
			}
		}
	}
	if len(seen) != 2*23 {
		t.Errorf("there are %d objects", len(seen))
	}
}

// TestProvider finds the collector where the demo profile's mesh configuration
// sends the spans.
func TestProvider(t *testing.T) {
	rendered, err := chart.Render(chart.Options{Namespace: "mesh"})
	if err != nil {
		t.Fatal(err)
	}
	var mesh struct {
		ExtensionProviders []struct {
			Name          string
			OpenTelemetry struct {
				Service string
				Port    int32
			}
		}
	}
	for _, object := range rendered.Objects {
		if object.GetKind() == "ConfigMap" && object.GetName() == "istio" {
			data := object.Object["data"].(map[string]any)
			if err := yaml.Unmarshal([]byte(data["mesh"].(string)), &mesh); err != nil {
				t.Fatal(err)
			}
		}
	}
	addresses := served(t, all(t, "mesh", ""))
	for _, provider := range mesh.ExtensionProviders {
		if provider.Name != TracingProvider {
			continue
		}
		name, _ := strings.CutSuffix(provider.OpenTelemetry.Service, ".mesh.svc.cluster.local")
		if !slices.Contains(addresses[name], provider.OpenTelemetry.Port) {
			t.Errorf("nothing serves %s:%d", provider.OpenTelemetry.Service, provider.OpenTelemetry.Port)
		}
		return
	}
	t.Error("the mesh configuration has no provider " + TracingProvider)
}

// TestAddresses finds a Service behind every address in a configuration, and a
// container behind every address that istioctl dashboard forwards.
func TestAddresses(t *testing.T) {
	objects := all(t, "istio-system", "")
	addresses := served(t, objects)
	forwarded := map[int32]bool{}
	for _, deployment := range deployments(t, objects) {
		for _, port := range deployment.Spec.Template.Spec.Containers[0].Ports {
			forwarded[port.ContainerPort] = true
		}
	}
	found := 0
	for _, text := range configuration(t, objects) {
		for _, word := range strings.Fields(text) {
			address, err := url.Parse(word)
			if err != nil || address.Scheme != "http" || address.Host == "" {
				continue
			}
			found++
			port := portOf(t, address)
			if address.Hostname() == "localhost" {
				if !forwarded[port] {
					t.Errorf("no container has the port of %s", word)
				}
			} else if !slices.Contains(addresses[address.Hostname()], port) {
				t.Errorf("no Service is %s", word)
			}
		}
	}
	if found != 7 {
		t.Errorf("%d addresses were found", found)
	}
}

// TestKialiAlone does not look for what is not there.
func TestKialiAlone(t *testing.T) {
	for _, names := range [][]string{{"kiali", "prometheus"}, {"kiali", "grafana"}} {
		objects, err := Render(Options{Namespace: "mesh", Names: names})
		if err != nil {
			t.Fatal(err)
		}
		var config struct {
			ExternalServices struct {
				Grafana, Tracing struct{ Enabled bool }
			} `json:"external_services"`
		}
		if err := yaml.Unmarshal([]byte(configuration(t, objects)["kiali/config.yaml"]), &config); err != nil {
			t.Fatal(err)
		}
		if services := config.ExternalServices; services.Grafana.Enabled != slices.Contains(names, "grafana") || services.Tracing.Enabled {
			t.Errorf("with %q: %+v", names, services)
		}
	}
}
