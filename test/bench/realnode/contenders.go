package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"istio.io/istio/manifests"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
)

const (
	ourName      = "`kubectl istio-demo`"
	istioctlName = "`istioctl`"
	applyName    = "`kubectl apply`"
	helmName     = "`helm`"
	namespace    = "istio-system"
	// The release whose images all of them install.
	hub = "registry.istio.io/release"
	tag = "1.31.0"
)

// stockEnvoy are the settings that a proxy needs that is no build of Istio's;
// all tools get them.
var stockEnvoy = []string{"pilot.env.PILOT_ENABLE_METADATA_EXCHANGE=false", "pilot.env.PILOT_ENABLE_ALPN_FILTER=false", "telemetry.v2.prometheus.enabled=false"}

// contender is a tool, and the commands that a person gives one after the other:
// for the demo with its addons, and for a page of Bookinfo, as Istio's
// documentation has it, which opens the addons last.
type contender struct {
	name       string
	demo, page [][]string
}

// contenders are the tools, with the same objects for all.
func (b *bench) newContenders() ([]contender, error) {
	demo, err := b.render()
	if err != nil {
		return nil, err
	}
	addons, err := b.file("addons.yaml", func() ([]manifest.Object, error) {
		return addon.Render(addon.Options{Namespace: namespace, Names: addon.Names()})
	})
	if err != nil {
		return nil, err
	}
	books, err := b.file("bookinfo.yaml", func() ([]manifest.Object, error) {
		return sample.Render(sample.Options{Name: "bookinfo"})
	})
	if err != nil {
		return nil, err
	}
	charts := filepath.Join(b.dir, "charts")
	embedded, err := fs.Sub(manifests.FS, "charts")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(charts, embedded); err != nil {
		return nil, err
	}
	apply := []string{"kubectl", "apply", "-f", addons}
	bookinfo := [][]string{{"kubectl", "label", "namespace", "default", "istio-injection=enabled"}, {"kubectl", "apply", "-f", books}}
	ours := slices.Concat([]string{"kubectl", "istio-demo", "install", "--timeout=15m"}, values("--set"))
	found := []contender{{ourName, [][]string{ours}, [][]string{append(slices.Clone(ours), "--sample=bookinfo", "--yes")}}}
	for _, tool := range []struct {
		name  string
		steps [][]string
	}{
		{istioctlName, [][]string{slices.Concat([]string{"istioctl", "install", "--set", "profile=demo", "--set", "hub=" + hub, "--set", "tag=" + tag, "--skip-confirmation"}, values("--set", "values."))}},
		{applyName, [][]string{{"kubectl", "apply", "-f", demo}}},
		{helmName, helm(charts)},
	} {
		found = append(found, contender{tool.name, append(slices.Clone(tool.steps), apply), append(slices.Concat(tool.steps, bookinfo), apply)})
	}
	return found, nil
}

// values are the settings as arguments of a flag, with a prefix.
func values(flag string, prefix ...string) []string {
	var arguments []string
	for _, value := range stockEnvoy {
		arguments = append(arguments, flag, strings.Join(prefix, "")+value)
	}
	return arguments
}

// helm installs Istio's charts, one after the other.
func helm(charts string) [][]string {
	var steps [][]string
	for _, release := range []struct {
		name, chart string
		values      []string
	}{
		{"istio-base", "base", nil},
		{"istiod", "istio-control/istio-discovery", []string{"--set", "revisionTags={default}"}},
		{"istio-ingressgateway", "gateways/istio-ingress", nil},
		{"istio-egressgateway", "gateways/istio-egress", nil},
	} {
		steps = append(steps, slices.Concat([]string{
			"helm", "install", release.name, filepath.Join(charts, release.chart), "--namespace", namespace, "--create-namespace", "--wait", "--timeout=15m",
			"--set", "profile=demo", "--set", "global.hub=" + hub, "--set", "global.tag=" + tag,
		}, release.values, values("--set")))
	}
	return steps
}

// render writes the demo without addons into a file, and gives its path.
func (b *bench) render() (string, error) {
	command := exec.Command(b.plugin, slices.Concat([]string{"manifest", "--addons=none"}, values("--set"))...)
	rendered, err := command.Output()
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.dir, "demo.yaml")
	return path, os.WriteFile(path, rendered, 0o644)
}

// file writes objects into a file, and gives its path.
func (b *bench) file(name string, render func() ([]manifest.Object, error)) (string, error) {
	objects, err := render()
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	for _, object := range objects {
		document, err := yaml.Marshal(object.Object)
		if err != nil {
			return "", err
		}
		text.WriteString("---\n")
		text.Write(document)
	}
	path := filepath.Join(b.dir, name)
	return path, os.WriteFile(path, text.Bytes(), 0o644)
}
