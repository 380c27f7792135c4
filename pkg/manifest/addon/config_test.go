package addon

import (
	"fmt"
	"io/fs"
	"maps"
	"net"
	"path"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// TestConfiguration ships every file of an addon, and as it is; so what is
// true of the files is true on the cluster.
func TestConfiguration(t *testing.T) {
	shipped := map[string]string{}
	for file, text := range configuration(t, all(t, "istio-system", "")) {
		name, _, _ := strings.Cut(path.Dir(file), "-")
		shipped[name+"/"+path.Base(file)] = text
	}
	err := fs.WalkDir(sources, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(file) == "objects.yaml" {
			return err
		}
		name, _, _ := strings.Cut(file, "/")
		key := name + "/" + path.Base(file)
		data, err := fs.ReadFile(sources, file)
		if err != nil {
			return err
		}
		want := string(data)
		if name == "kiali" {
			want = strings.NewReplacer("{{ .Namespace }}", "istio-system", "{{ .Has.grafana }}", "true", "{{ .Has.jaeger }}", "true").Replace(want)
		}
		if shipped[key] != want {
			t.Errorf("%s is not shipped as it is", file)
		}
		delete(shipped, key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(shipped) > 0 {
		t.Errorf("nobody wrote %q", slices.Sorted(maps.Keys(shipped)))
	}
}

// TestChecksum makes the pods anew when what they read has changed, and only
// then.
func TestChecksum(t *testing.T) {
	sums := func(objects []manifest.Object) map[string]string {
		found := map[string]string{}
		for _, deployment := range deployments(t, objects) {
			found[deployment.Name] = deployment.Spec.Template.Annotations[checksum]
		}
		return found
	}
	here, mirrored, elsewhere := sums(all(t, "istio-system", "")), sums(all(t, "istio-system", "registry.example.com")), sums(all(t, "other", ""))
	if !maps.Equal(here, mirrored) {
		t.Error("another registry is no other configuration")
	}
	for name, sum := range here {
		if len(sum) != 64 {
			t.Errorf("%s has the checksum %q", name, sum)
		}
		// Kiali's configuration has the namespace in it.
		if (sum != elsewhere[name]) != (name == "kiali") {
			t.Errorf("the configuration of %s in another namespace: %q and %q", name, sum, elsewhere[name])
		}
	}
	objects := all(t, "istio-system", "")
	for _, object := range objects {
		if object.GetKind() == "ConfigMap" {
			object.Object["data"].(map[string]any)["more"] = "x"
		}
	}
	if err := stamp(objects); err != nil {
		t.Fatal(err)
	}
	for name, sum := range sums(objects) {
		if sum == here[name] {
			t.Errorf("the pods of %s stay as they are", name)
		}
	}
}

// TestJaegerListens compares what Jaeger listens on with what its pods say, and
// what its pipeline names with what is configured.
func TestJaegerListens(t *testing.T) {
	var config struct {
		Service struct {
			Extensions []string
			Pipelines  map[string]struct{ Receivers, Processors, Exporters []string }
		}
		Extensions, Receivers, Processors, Exporters map[string]any
	}
	objects := all(t, "istio-system", "")
	if err := yaml.Unmarshal([]byte(configuration(t, objects)["jaeger/config.yaml"]), &config); err != nil {
		t.Fatal(err)
	}
	pipeline := config.Service.Pipelines["traces"]
	for _, part := range []struct {
		named      []string
		configured map[string]any
	}{
		{config.Service.Extensions, config.Extensions}, {pipeline.Receivers, config.Receivers},
		{pipeline.Processors, config.Processors}, {pipeline.Exporters, config.Exporters},
	} {
		if slices.Sort(part.named); len(part.named) == 0 || !slices.Equal(part.named, slices.Sorted(maps.Keys(part.configured))) {
			t.Errorf("named are %q, configured %v", part.named, slices.Sorted(maps.Keys(part.configured)))
		}
	}
	listens := endpoints(t, map[string]any{"e": config.Extensions, "r": config.Receivers})
	var open []string
	for _, deployment := range deployments(t, objects) {
		if deployment.Name != "jaeger" {
			continue
		}
		for _, port := range deployment.Spec.Template.Spec.Containers[0].Ports {
			open = append(open, fmt.Sprint(port.ContainerPort))
		}
	}
	slices.Sort(listens)
	slices.Sort(open)
	if !slices.Equal(listens, open) {
		t.Errorf("Jaeger listens on %q, the pods have %q", listens, open)
	}
}

// endpoints gives the ports of all endpoints in a configuration.
func endpoints(t *testing.T, config map[string]any) []string {
	t.Helper()
	var found []string
	for key, value := range config {
		switch value := value.(type) {
		case map[string]any:
			found = append(found, endpoints(t, value)...)
		case string:
			if key != "endpoint" {
				continue
			}
			host, port, err := net.SplitHostPort(value)
			if err != nil || host != "0.0.0.0" {
				t.Errorf("Jaeger listens on %q: %v", value, err)
			}
			found = append(found, port)
		}
	}
	return found
}

// TestKialiLinks names dashboards and variables that exist.
func TestKialiLinks(t *testing.T) {
	var config struct {
		Deployment       struct{ Namespace string }
		ExternalServices struct {
			Grafana struct {
				DatasourceUID string `json:"datasource_uid"`
				Dashboards    []struct {
					Name      string
					Variables map[string]string
				}
			}
		} `json:"external_services"`
	}
	if err := yaml.Unmarshal([]byte(configuration(t, all(t, "elsewhere", ""))["kiali/config.yaml"]), &config); err != nil {
		t.Fatal(err)
	}
	grafana := config.ExternalServices.Grafana
	if config.Deployment.Namespace != "elsewhere" || grafana.DatasourceUID != sourceUID(t) {
		t.Errorf("got the namespace %q and the data source %q", config.Deployment.Namespace, grafana.DatasourceUID)
	}
	linked := map[string]map[string]string{}
	for _, link := range grafana.Dashboards {
		linked[link.Name] = link.Variables
	}
	for file, board := range dashboards(t) {
		variables, ok := linked[board.Title]
		if !ok || len(variables) != len(board.Templating.List) {
			t.Errorf("%s: Kiali knows %q with %v", file, board.Title, variables)
		}
		for _, variable := range board.Templating.List {
			if variables[variable.Name] != "var-"+variable.Name {
				t.Errorf("%s: Kiali does not set $%s", file, variable.Name)
			}
		}
	}
	if len(linked) != len(dashboards(t)) {
		t.Errorf("Kiali links to %d dashboards", len(linked))
	}
}
