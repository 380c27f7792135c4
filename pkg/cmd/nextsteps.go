package cmd

import (
	"slices"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// showNextSteps tells a person, and no program, what to do after an install.
func (o *installOptions) showNextSteps(cluster *connection, streams genericiooptions.IOStreams) {
	progress := cluster.reporter
	switch {
	case *o.print.OutputFormat != "", o.dryRun != event.DryRunNone,
		progress.mode == progressJSON, progress.mode == progressNone,
		!term.IsTerminal(progress.streams.ErrOut), !term.IsTerminal(bare(streams.Out)):
		return
	}
	progress.current().Remark(nextSteps(*cluster.Namespace, o.source.own(), o.source.chosenAddons(), o.samples.names))
}

// nextSteps gives a line a command, without a comment behind it: not every shell
// takes one from what is pasted.
func nextSteps(namespace string, own bool, addons, installed []string) string {
	steps := "next steps:\n"
	if own {
		steps += "  show the status:   " + shell.Demo("status", namespace) + "\n"
	} else {
		if len(installed) == 0 {
			steps += "  install a sample:  kubectl istio-demo sample install bookinfo\n"
		} else {
			steps += "  list the samples:  kubectl istio-demo sample list\n"
		}
		if slices.Contains(addons, "kiali") {
			steps += "  open Kiali:        " + shell.Demo("dashboard kiali", namespace) + "\n"
		}
	}
	return steps + "  uninstall:         " + shell.Demo("uninstall", namespace) + "\n"
}
