// Package addon renders what Istio's demo came with: Prometheus, Grafana,
// Jaeger and Kiali, as small as a laptop wants them. The manifests are this
// project's own; their names, ports and labels are those that Istio's mesh
// configuration, istioctl dashboard and Kiali look for.
package addon

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// sources has one folder for each addon: objects.yaml is a template, and what
// lies beside it goes into ConfigMaps.
//
//go:embed grafana jaeger kiali prometheus
var sources embed.FS

// TracingProvider is the extension provider of the demo profile that sends spans
// to the addon of the same name.
const TracingProvider = "jaeger"

// images are the addons and the images that they run.
var images = map[string]image{
	"grafana":    {registry: "docker.io/grafana", name: "grafana", tag: "12.0.1"},
	"jaeger":     {registry: "docker.io/jaegertracing", name: "jaeger", tag: "2.17.0"},
	"kiali":      {registry: "quay.io/kiali", name: "kiali", tag: "v2.27"},
	"prometheus": {registry: "docker.io/prom", name: "prometheus", tag: "v3.10.0"},
}

type image struct{ registry, name, tag string }

// from returns the image's reference, in another registry if that is given.
func (i image) from(hub string) string {
	if hub == "" {
		hub = i.registry
	}
	return fmt.Sprintf("%s/%s:%s", strings.TrimRight(hub, "/"), i.name, i.tag)
}

// Options says what to render.
type Options struct {
	// Namespace is where all of it goes, a DNS label (RFC 1123). Roles for the
	// whole cluster have it in their names.
	Namespace string
	// Hub is the registry to take all images from; empty means each image's
	// own.
	Hub string
	// Names are the addons, in any order; one that comes twice counts once, and
	// without any there are no objects.
	Names []string
}

// Names returns the names of all addons, sorted.
func Names() []string { return slices.Sorted(maps.Keys(images)) }

// Render returns the objects of the addons, those of an addon together, sorted by
// the addons' names. The same options give the same objects in the same order.
// Its errors are a name that is none of Names, and a namespace that is no DNS
// label.
func Render(options Options) ([]manifest.Object, error) {
	names, err := chosen(options.Names)
	if err != nil {
		return nil, err
	}
	if wrong := validation.IsDNS1123Label(options.Namespace); len(wrong) > 0 {
		return nil, fmt.Errorf("namespace %q: %s", options.Namespace, wrong[0])
	}
	var objects []manifest.Object
	for _, name := range names {
		found, err := render(name, options)
		if err != nil {
			return nil, fmt.Errorf("addon %s: %w", name, err)
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

// chosen returns the names sorted and each of them once.
func chosen(names []string) ([]string, error) {
	for _, name := range names {
		if _, known := images[name]; !known {
			return nil, fmt.Errorf("unknown addon %q; available: %s", name, strings.Join(Names(), ", "))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names))), nil
}
