// Package chart renders Istio's demo profile in-process from the charts that
// Istio's own module embeds, so that go.sum vouches for every byte of it.
package chart

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"helm.sh/helm/v4/pkg/chart/common"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

const (
	// Version is the Istio release whose charts are embedded: the one at the
	// commit that go.mod requires istio.io/istio at.
	Version = "1.31.0"
	// Hub is the registry that the release's images are published to.
	Hub = "registry.istio.io/release"
	// MinimumKubernetes is the oldest Kubernetes that this Istio supports:
	// MinK8SVersion in istioctl/pkg/install/k8sversion of istio.io/istio.
	MinimumKubernetes = "1.32"

	// releaseName is the Helm release name that istioctl gives every chart
	// (operator/pkg/render/manifest.go); names of objects depend on it.
	releaseName = "istio"
	// managedBy becomes the label app.kubernetes.io/managed-by.
	managedBy = managedfields.Manager
)

// architectures are those that the release's images are built for
// (prow/release-commit.sh of istio.io/istio).
var architectures = []string{"amd64", "arm64"}

// The charts of the demo profile's components, as istioctl orders them.
const (
	baseChart    = "base"
	pilotChart   = "istio-control/istio-discovery"
	ingressChart = "gateways/istio-ingress"
	egressChart  = "gateways/istio-egress"
	defaultChart = "default"
)

// Options says what to render. All but the namespace may be empty.
type Options struct {
	// Namespace is where Istio is installed, by its custom "istio-system".
	Namespace string
	// Hub and Tag replace the registry and the version of every image; empty
	// means the release's own.
	Hub, Tag string
	// TracingProvider is the extension provider that proxies send spans to
	// unless a Telemetry names another; empty means none.
	TracingProvider string
	// Values are the user's, with the precedence that Helm gives --set and
	// --values: above the profile, above the charts' defaults.
	Values map[string]any
}

// Rendered is the manifest, and what the charts warn of, a line each.
type Rendered struct {
	Objects  []manifest.Object
	Warnings []string
	// Architectures are those that the images are built for, in Go's words
	// ("amd64"); empty where they are not the release's, and nobody knows.
	Architectures []string
	// Injected are the images of the sidecars that istiod injects.
	Injected []string
}

// Render returns the objects that `istioctl install --set profile=demo` leaves on
// a cluster, the namespace aside, with the CRDs first. The same options
// give the same objects in the same order, each call new ones, so that it can
// be used by many goroutines. The options' values are not changed. Its errors
// come from the values: what a template or the schema of a chart refuses, in
// Helm's words and on several lines.
func Render(options Options) (Rendered, error) {
	values, err := demoValues(options)
	if err != nil {
		return Rendered{}, err
	}
	parts := []func(*Rendered) error{func(r *Rendered) (err error) {
		r.Objects, err = crds(values)
		return err
	}}
	for _, component := range []string{baseChart, pilotChart, ingressChart, egressChart} {
		if enabled(component, values) {
			parts = append(parts, func(r *Rendered) error { return r.add(component, options.Namespace, values, nil) })
		}
	}
	rendered, err := together(parts)
	if err != nil {
		return Rendered{}, err
	}
	if err := rendered.addDefaultRevision(options.Namespace, values); err != nil {
		return Rendered{}, err
	}
	if options.TracingProvider != "" {
		if err := rendered.traceTo(options.TracingProvider, options.Namespace); err != nil {
			return Rendered{}, err
		}
	}
	rendered.Injected = sidecars(values)
	if releaseImages(values) {
		rendered.Architectures = architectures
	}
	return rendered, nil
}

// together does all parts at once and puts what comes of them one behind the
// other. The error is that of the first part that has one.
func together(parts []func(*Rendered) error) (Rendered, error) {
	rendered, errs := make([]Rendered, len(parts)), make([]error, len(parts))
	var group sync.WaitGroup
	for n, part := range parts {
		group.Go(func() { errs[n] = part(&rendered[n]) })
	}
	group.Wait()
	var all Rendered
	for n := range parts {
		if errs[n] != nil {
			return Rendered{}, errs[n]
		}
		all.Objects = append(all.Objects, rendered[n].Objects...)
		all.Warnings = append(all.Warnings, rendered[n].Warnings...)
	}
	return all, nil
}

// enabled reports whether the user wants a gateway; the other components are
// what makes the demo.
func enabled(component string, values map[string]any) bool {
	gateway := map[string]string{ingressChart: "istio-ingressgateway", egressChart: "istio-egressgateway"}[component]
	return gateway == "" || lookup(values, true, "gateways", gateway, "enabled")
}

// sidecars returns the images of the proxy and of what runs before it, as the
// injection templates put them together.
func sidecars(values map[string]any) []string {
	var images []string
	for _, role := range []string{"proxy", "proxy_init"} {
		image := lookup(values, "proxyv2", "global", role, "image") // as in the charts' own values
		if !strings.Contains(image, "/") {
			image = lookup(values, "", "global", "hub") + "/" + image + ":" + lookup(values, "", "global", "tag")
			variant := lookup(values, lookup(values, "", "global", "variant"), "global", "proxy", "variant")
			if variant != "" && !strings.HasSuffix(image, "-"+variant) {
				image += "-" + variant
			}
		}
		images = append(images, image)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// releaseImages reports whether the images are the release's, in any of their
// variants, such as 1.31.0-distroless.
func releaseImages(values map[string]any) bool {
	tag := lookup(values, "", "global", "tag")
	return lookup(values, "", "global", "hub") == Hub && (tag == Version || strings.HasPrefix(tag, Version+"-"))
}

// add renders a chart and appends its objects. Where keep is given, only the
// templates that it accepts are rendered.
func (r *Rendered) add(name, namespace string, values map[string]any, keep func(template string) bool) error {
	loaded, err := load(name)
	if err != nil {
		return err
	}
	if keep != nil {
		loaded.Templates = slices.DeleteFunc(loaded.Templates, func(file *common.File) bool { return !keep(file.Name) })
	}
	files, err := render(loaded, namespace, values)
	if err != nil {
		return fmt.Errorf("chart %s: %w", name, err)
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(path, "NOTES.txt") {
			r.Warnings = append(r.Warnings, warnings(files[path])...)
			continue
		}
		content, err := decode.Decode("chart "+path, []byte(files[path]), true)
		if err != nil {
			return err
		}
		r.Objects = append(r.Objects, content.Objects...)
		r.Warnings = append(r.Warnings, content.Warnings...)
	}
	return nil
}

// render returns the text of each template of a chart.
func render(loaded *helmchart.Chart, namespace string, values map[string]any) (map[string]string, error) {
	// The templates change the values that they are given.
	top, err := renderValues(loaded, namespace, clone(values))
	if err != nil {
		return nil, err
	}
	return engine.Render(loaded, top)
}

// warnings returns what a chart's notes say about deprecated values.
func warnings(notes string) []string {
	var found []string
	for line := range strings.Lines(notes) {
		if warning, ok := strings.CutPrefix(line, "WARNING: "); ok {
			found = append(found, strings.TrimSpace(warning))
		}
	}
	return found
}
