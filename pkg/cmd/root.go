// Package cmd owns the command line: one file a command, which turns flags
// into options once and then runs them, and one place where errors become
// messages and exit codes.
package cmd

import (
	"context"
	"errors"
	"flag"
	"regexp"
	"strings"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"

	_ "github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/translation" // before kubectl's packages
)

// The names under which the program is called and by which it calls itself.
const (
	binaryName  = "kubectl-istio_demo"
	displayName = "kubectl istio-demo"
)

// Run parses the arguments, without the program's name, and runs the command
// that they name. It returns the exit code; README documents the codes. Signals
// end the context; release gives them back to the system, for commands that
// have nothing to bring to an end.
func Run(ctx context.Context, arguments []string, streams genericiooptions.IOStreams, version string, release func()) int {
	cluster := newConnection(streams)
	cluster.releaseSignals = release
	safe, out, errOut := wrap(streams)
	defer out.flush()
	defer errOut.flush()
	root := newRoot(cluster, safe, version)
	root.SetArgs(arguments)
	command, err := root.ExecuteContextC(ctx)
	if unwritten := cluster.profile.end(); unwritten != nil {
		err = errors.Join(err, unwritten)
	}
	cluster.reporter.close()
	cluster.printWarnings()
	if err == nil {
		return exitOK
	}
	message, code := describe(err, command, cluster)
	switch {
	case code == exitOK:
		cluster.reporter.current().Remark(message + "\n")
	case message != "":
		cluster.reporter.current().Fail(message, code)
	}
	return code
}

func newRoot(cluster *connection, streams genericiooptions.IOStreams, version string) *cobra.Command {
	root := &cobra.Command{
		Use:   binaryName,
		Short: "Install Istio's demo on the current cluster",
		Long: paragraphs(`
			Install Istio's demo on the current cluster, wait until it is ready, and
			show its pods.

			The demo profile is built in: there is nothing to download. To install
			another manifest, use 'install -f'.`),
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: displayName},
		Args:              noArguments,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(flagError)
	cluster.addFlags(root)
	addVersionFlag(root, version)
	cluster.reporter.logging = addVerbosity(root)
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error {
		if out, wrapped := streams.Out.(*outlet); wrapped {
			out.setForm(command)
		}
		if !cluster.reporter.logging() {
			klog.SetLogger(logr.Discard())
		}
		return cluster.profile.begin()
	}
	root.SetUsageTemplate(usageTemplate(root.UsageTemplate()))
	root.AddCommand(
		newInstall(cluster, streams),
		newCheck(cluster, streams),
		newPods(cluster, streams),
		newServices(cluster, streams),
		newStatus(cluster, streams),
		newLogs(cluster, streams),
		newDashboard(cluster, streams),
		newAddress(cluster, streams),
		newDiff(cluster, streams),
		newUninstall(cluster, streams),
		newManifest(cluster, streams),
		newImages(cluster, streams),
		newRBAC(cluster, streams),
		newSample(cluster, streams),
		newCompletion(streams),
		newVersion(cluster, streams, version),
		newOptions(streams),
	)
	failOnUnknownTopics(root)
	explainValues(root)
	suggestFlags(root, cluster)
	return root
}

// addVerbosity adds kubectl's -v, which shows the requests from 6 on. Without
// it, client-go's own remarks on watches that end and begin again are left
// out: what matters of them is printed as progress or as an error. It tells
// whether -v is given.
func addVerbosity(root *cobra.Command) (logging func() bool) {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	root.PersistentFlags().AddGoFlag(flags.Lookup("v"))
	verbosity := root.PersistentFlags().Lookup("v")
	verbosity.Shorthand = "v"
	return func() bool { return verbosity.Changed }
}

// usageTemplate replaces, in the help of each command, the list of the twenty
// kubeconfig flags by a word on where they are listed, as kubectl does.
func usageTemplate(standard string) string {
	global := regexp.MustCompile(`(?s)Global Flags:\n.*?\{\{end\}\}`)
	return global.ReplaceAllLiteralString(standard,
		`Use "`+displayName+` options" for the kubeconfig flags (available to all commands).{{end}}`)
}

// paragraphs takes the indentation from a text.
func paragraphs(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

// examples indents each line as kubectl's help does.
func examples(text string) string {
	lines := strings.Split(paragraphs(text), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}
