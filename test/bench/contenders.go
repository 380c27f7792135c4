package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"istio.io/istio/manifests"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
)

// The release whose images all of them install.
const (
	namespace = "istio-system"
	hub       = "registry.istio.io/release"
	tag       = "1.31.0"
)

// contender is a tool and what is typed for each operation; an operation
// without commands is not measured.
type contender struct {
	name                      string
	install, again, uninstall []step
	// prepare comes before uninstall and is not measured.
	prepare []step
}

// contenders are the tools that install, with the same objects for all: those
// of Istio's demo profile, and no addons. kubectl gets them as a file that
// begins with the namespace, which is kinder than making that by hand.
func (l *lab) contenders(ctx context.Context) ([]contender, error) {
	demo := filepath.Join(l.dir, "demo.yaml")
	rendered, err := exec.CommandContext(ctx, filepath.Join(l.plugin, "kubectl-istio_demo"), "manifest", "--addons=none").Output()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(demo, rendered, 0o644); err != nil {
		return nil, err
	}
	charts := filepath.Join(l.dir, "charts")
	embedded, err := fs.Sub(manifests.FS, "charts")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(charts, embedded); err != nil {
		return nil, err
	}
	ours := []step{{"kubectl", "istio-demo", "install", "--addons=none"}}
	istioctl := []step{{"istioctl", "install", "--set", "profile=demo", "--set", "hub=" + hub, "--set", "tag=" + tag, "--skip-confirmation"}}
	wait := step{"kubectl", "wait", "--for=condition=Available", "deployment", "--all", "-n", namespace, "--timeout=5m"}
	apply := []step{{"kubectl", "apply", "-f", demo}, wait}
	ssa := []step{{"kubectl", "apply", "--server-side", "-f", demo}, wait}
	// What was applied in the one way or in the other is deleted by the same
	// command.
	remove := []step{{"kubectl", "delete", "-f", demo}}
	// A namespace without the inventory's label is the user's, and stays, as it
	// does with istioctl and helm: Kubernetes takes five seconds to end one.
	keep := []step{{"kubectl", "label", "namespace", namespace, "applyset.kubernetes.io/part-of-"}}
	bare, err := l.bareContenders(rendered)
	if err != nil {
		return nil, err
	}
	return append([]contender{
		{report.Ours, ours, ours, []step{{"kubectl", "istio-demo", "uninstall", "--yes"}}, keep},
		{report.Istioctl, istioctl, istioctl, []step{{"istioctl", "uninstall", "--purge", "--skip-confirmation"}}, nil},
		{report.Apply, apply, apply, remove, nil},
		{report.SSA, ssa, ssa, nil, nil},
		{report.Helm, helm(charts, "install", "--create-namespace"), helm(charts, "upgrade"), helmUninstall(), nil},
	}, bare...), nil
}

// releases are Helm's, in the order in which they are installed. The default
// revision is a tag, as it is with istioctl.
var releases = []struct {
	name, chart string
	values      []string
}{
	{name: "istio-base", chart: "base"},
	{name: "istiod", chart: "istio-control/istio-discovery", values: []string{"--set", "revisionTags={default}"}},
	{name: "istio-ingressgateway", chart: "gateways/istio-ingress"},
	{name: "istio-egressgateway", chart: "gateways/istio-egress"},
}

func helm(charts, verb string, extra ...string) []step {
	var steps []step
	for _, release := range releases {
		command := step{
			"helm", verb, release.name, filepath.Join(charts, release.chart), "--namespace", namespace, "--wait",
			"--set", "profile=demo", "--set", "global.hub=" + hub, "--set", "global.tag=" + tag,
		}
		steps = append(steps, slices.Concat(command, release.values, extra))
	}
	return steps
}

// helmUninstall takes the releases away in the opposite order.
func helmUninstall() []step {
	var steps []step
	for _, release := range slices.Backward(releases) {
		steps = append(steps, step{"helm", "uninstall", release.name, "--namespace", namespace, "--wait"})
	}
	return steps
}

// choose gives the contenders of a list with commas, or all of them.
func choose(contenders []contender, only string) ([]contender, error) {
	if only == "" {
		return contenders, nil
	}
	var chosen []contender
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(contenders, func(known contender) bool { return known.name == name })
		if i < 0 {
			return nil, fmt.Errorf("%q is none of the tools: %s", name, strings.Join(report.Installers, ", "))
		}
		chosen = append(chosen, contenders[i])
	}
	return chosen, nil
}
