package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/status"
)

// headline says in one line what is installed where, and how it is.
func headline(report status.Report) string {
	title := report.Source + " in " + report.Namespace + ": "
	if len(report.Workloads) == 0 {
		return title + noWorkloads
	}
	ready := 0
	for _, workload := range report.Workloads {
		if workload.Ready {
			ready++
		}
	}
	return fmt.Sprintf("%s%d of %d ready", title, ready, len(report.Workloads))
}

// maxLost is how many lost objects are named.
const maxLost = 10

// printLost says, below the table, what is not there as it was installed.
func printLost(report status.Report, out io.Writer) {
	remedy := again(report)
	var lines []string
	if len(report.MissingObjects) > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d objects missing: %s; %s", len(report.MissingObjects), report.Objects, named(report.MissingObjects), remedy))
	}
	if len(report.Unlabelled) > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d objects changed, no longer labelled as installed: %s; %s", len(report.Unlabelled), report.Objects, named(report.Unlabelled), remedy))
	}
	if report.Objects == 0 { // an inventory without names
		for _, kind := range report.Missing {
			lines = append(lines, fmt.Sprintf("all objects of kind %s are missing; %s", kind, remedy))
		}
	}
	for i, line := range lines {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, progress.Printable(line))
	}
}

// named names the first few of objects.
func named(objects []status.Object) string {
	var names []string
	for _, object := range objects[:min(len(objects), maxLost)] {
		names = append(names, event.Object{Kind: object.Kind, Namespace: object.Namespace, Name: object.Name}.String())
	}
	text := strings.Join(names, ", ")
	if more := len(objects) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// again says how what is installed is installed once more. Of a manifest of the
// user's only its name is known.
func again(report status.Report) string {
	if name, is := strings.CutPrefix(report.Source, "the sample "); is {
		return "run '" + shell.Line("kubectl istio-demo sample install {}", name) + shell.In(report.Namespace) + "'"
	}
	if !isDemo(report.Source) {
		return "rerun the install of " + report.Source
	}
	command := "install"
	if report.Settings != nil && len(report.Settings.Assignments()) > 0 {
		command += " --reuse-values"
	}
	return "run '" + shell.Demo(command, report.Namespace) + "'"
}

// isDemo reports whether a source is the built-in one.
func isDemo(source string) bool {
	return strings.HasPrefix(source, "Istio ") && strings.HasSuffix(source, " demo")
}
