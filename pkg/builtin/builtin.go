// Package builtin has what can be installed without a manifest of one's own:
// Istio's demo with its addons, and the samples, in the form that pkg/install
// installs. Nothing is downloaded and no cluster is asked.
package builtin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
)

// Options says how the demo is to be. All but the namespace may be empty.
type Options struct {
	// Namespace is where the demo goes, by Istio's custom "istio-system". It
	// must be that of install.Install, because it is written into roles, webhooks
	// and configuration as well.
	Namespace string
	// Hub replaces the registry of all images, those of the addons included,
	// and Tag the version of Istio's; empty means chart.Hub and chart.Version,
	// and of each addon its own registry.
	Hub, Tag string
	// Values are values of Istio's charts, as Helm takes them; chart.MergeValues
	// makes them of files and of key=value assignments. They are not changed.
	Values map[string]any
	// Addons are names of addon.Names, in any order; without any, none is
	// installed.
	Addons []string
}

// Demo gives Istio's demo profile, as `istioctl install --set profile=demo`
// would install it, and behind it the addons. Each call gives objects of its
// own. Its errors name the addon, the namespace or the value that cannot be
// used, in one line.
func Demo(options Options) (manifest.Manifest, error) {
	mesh := chart.Options{Namespace: options.Namespace, Hub: options.Hub, Tag: options.Tag, Values: options.Values}
	if slices.Contains(options.Addons, addon.TracingProvider) {
		mesh.TracingProvider = addon.TracingProvider
	}
	rendered, err := chart.Render(mesh)
	if err != nil {
		// Template errors have many lines and no line end of their own.
		return manifest.Manifest{}, fmt.Errorf("the charts refuse the values: %s", strings.Join(strings.Fields(err.Error()), " "))
	}
	addons, err := addon.Render(addon.Options{Namespace: options.Namespace, Hub: options.Hub, Names: options.Addons})
	if err != nil {
		return manifest.Manifest{}, err
	}
	return manifest.Manifest{
		What:           "Istio " + chart.Version + " demo",
		BuiltIn:        true,
		Objects:        append(rendered.Objects, addons...),
		Warnings:       rendered.Warnings,
		MinimumVersion: chart.MinimumKubernetes,
		Architectures:  rendered.Architectures,
		Injected:       rendered.Injected,
	}, nil
}

// Sample gives an application of Istio's documentation, for
// samples.Install. Its objects name no namespace and go to that of the
// install. The error says that there is no sample of the name, or how an image
// cannot be taken from the hub.
func Sample(options sample.Options) (manifest.Manifest, error) {
	objects, err := sample.Render(options)
	return manifest.Manifest{What: "the sample " + options.Name, BuiltIn: true, Objects: objects}, err
}
