package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// consequences returns a line for each thing to know before an answer: what goes,
// by kind, what it takes along, and what is kept.
func consequences(removal uninstall.Removal) []string {
	lines := []string{"to be deleted: " + byKind(slices.Concat(removal.Removed, removal.Users))}
	crds, namespaces := 0, []string{}
	for _, ref := range removal.Removed {
		switch ref.Kind {
		case "CustomResourceDefinition":
			crds++
		case "Namespace":
			namespaces = append(namespaces, "namespace "+ref.Name)
		}
	}
	if crds > 0 {
		namespaces = slices.Insert(namespaces, 0, countOf(crds, "CRD")+" with their kinds")
	}
	if len(namespaces) > 0 {
		lines = append(lines, "this includes "+strings.Join(namespaces, "; "))
	}
	for _, kept := range removal.Kept {
		lines = append(lines, fmt.Sprintf("%s is kept: %s", kept.Ref, kept.Why))
	}
	return lines
}

// byKind counts objects: "2 ConfigMaps, 1 Namespace".
func byKind(refs []event.Object) string {
	counts := map[string]int{}
	for _, ref := range refs {
		counts[ref.Kind]++
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, countOf(counts[kind], kind))
	}
	return strings.Join(parts, ", ")
}

// countOf gives a number of things that end like the kinds of Kubernetes.
func countOf(n int, one string) string {
	switch stem, isPolicy := strings.CutSuffix(one, "cy"); {
	case n == 1:
	case isPolicy:
		one = stem + "cies"
	case strings.HasSuffix(one, "s"):
		one += "es"
	default:
		one += "s"
	}
	return fmt.Sprintf("%d %s", n, one)
}

// dependents returns a line for each thing that needs Istio and stays: running
// sidecars, and samples with the command to uninstall them. What cannot be seen is
// left out. What has no injector is no Istio.
func dependents(ctx context.Context, connected *cluster.Cluster, namespace string, removal uninstall.Removal) []string {
	if !slices.ContainsFunc(removal.Removed, func(ref event.Object) bool { return ref.Kind == "MutatingWebhookConfiguration" }) {
		return nil
	}
	var sidecars map[string]int
	var installed map[string][]string
	var group sync.WaitGroup
	group.Go(func() { sidecars, _ = uninstall.Sidecars(ctx, connected) })
	group.Go(func() { installed, _, _ = (&samples.List{Cluster: connected, Namespace: namespace}).Run(ctx) })
	group.Wait()
	var lines, where []string
	pods := 0
	for _, name := range slices.Sorted(maps.Keys(sidecars)) {
		where = append(where, fmt.Sprintf("%d in namespace %s", sidecars[name], name))
		pods += sidecars[name]
	}
	switch {
	case pods == 1:
		lines = append(lines, "1 pod with a sidecar loses its control plane: "+where[0])
	case pods > 1:
		lines = append(lines, fmt.Sprintf("%d pods with sidecars lose their control plane: %s", pods, strings.Join(where, ", ")))
	}
	for _, name := range sample.Names() {
		for _, in := range slices.Sorted(slices.Values(installed[name])) {
			lines = append(lines, fmt.Sprintf("sample %s is still installed; uninstall it first: %s", name, shell.Line("kubectl istio-demo sample uninstall {}", name)+shell.In(in)))
		}
	}
	return lines
}

// remarkAll prints lines that belong to what was said before.
func remarkAll(printer progress.Printer, lines []string) {
	for _, line := range lines {
		printer.Remark(progress.Printable("  " + line))
	}
}
