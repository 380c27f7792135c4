package cmd

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// completerName is what kubectl looks for on PATH, and asks what follows
// `kubectl istio-demo` on a command line. Plugin managers install one name only.
const completerName = "kubectl_complete-istio_demo"

// shells are those for which there is a script, with its making.
var shells = []struct {
	name string
	// load is how the script is had in a running shell.
	load  string
	write func(root *cobra.Command, out io.Writer) error
}{
	{"bash", "source <(%s)", func(root *cobra.Command, out io.Writer) error { return root.GenBashCompletionV2(out, true) }},
	{"zsh", "source <(%s)", func(root *cobra.Command, out io.Writer) error { return root.GenZshCompletion(out) }},
	{"fish", "%s | source", func(root *cobra.Command, out io.Writer) error { return root.GenFishCompletion(out, true) }},
	{"powershell", "%s | Out-String | Invoke-Expression", func(root *cobra.Command, out io.Writer) error { return root.GenPowerShellCompletionWithDesc(out) }},
}

// completionOptions are the flags of completion.
type completionOptions struct {
	install bool
	folder  string
}

func newCompletion(streams genericiooptions.IOStreams) *cobra.Command {
	o := &completionOptions{}
	var names []string
	for _, shell := range shells {
		names = append(names, shell.name)
	}
	command := &cobra.Command{
		Use:   "completion [" + strings.Join(names, "|") + "]",
		Short: "Set up shell completion",
		Long: paragraphs(`
			Set up shell completion for 'kubectl istio-demo': commands, flags and their
			values, and the names of objects on the cluster.

			kubectl asks an executable ` + completerName + ` on PATH; --install
			writes it, a script that calls the plugin. The completion of kubectl itself must
			be loaded as well: see 'kubectl completion --help'.

			With the name of a shell, print the completion script for ` + binaryName + `,
			called without kubectl.`),
		Example: examples(`
			# Show whether completion is set up, and how to set it up
			kubectl istio-demo completion

			# Write the script next to the plugin, or to another directory on PATH
			kubectl istio-demo completion --install
			kubectl istio-demo completion --install --dir ~/.local/bin

			# Load completion for kubectl-istio_demo into this shell
			source <(kubectl istio-demo completion bash)`),
		ValidArgsFunction: func(_ *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(arguments) > 0 || o.install {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return beginning(typed, names), cobra.ShellCompDirectiveNoFileComp
		},
		Args: completionArguments,
		RunE: func(command *cobra.Command, arguments []string) error {
			for _, shell := range shells {
				if len(arguments) > 0 && arguments[0] == shell.name {
					return o.script(func() error { return shell.write(command.Root(), streams.Out) })
				}
			}
			return o.run(streams)
		},
	}
	command.Flags().BoolVar(&o.install, "install", false, "Write "+completerName+", the script that kubectl calls for completions")
	command.Flags().StringVar(&o.folder, "dir", "", "With --install: directory on PATH to write to, by default that of the plugin")
	return command
}

// completionArguments takes the name of a shell, or nothing.
func completionArguments(command *cobra.Command, arguments []string) error {
	var names []string
	for _, shell := range shells {
		names = append(names, shell.name)
		if len(arguments) == 1 && arguments[0] == shell.name {
			return nil
		}
	}
	switch len(arguments) {
	case 0:
		return nil
	case 1:
		return &usageError{fmt.Errorf("unknown shell %q; use one of %s", arguments[0], strings.Join(names, ", "))}
	}
	return &usageError{fmt.Errorf("unexpected argument %q: %s takes one shell", arguments[1], command.CommandPath())}
}

// script prints the script of a shell.
func (o *completionOptions) script(write func() error) error {
	if o.install || o.folder != "" {
		return &usageError{errors.New("--install and --dir cannot be used with the name of a shell")}
	}
	return write()
}

// run writes the script that kubectl asks, or says what there is to do.
func (o *completionOptions) run(streams genericiooptions.IOStreams) error {
	if o.folder != "" && !o.install {
		return &usageError{errors.New("--dir requires --install")}
	}
	plugin, err := invoked()
	if err != nil {
		return fmt.Errorf("cannot find the path of this program: %w", err)
	}
	if !o.install {
		explain(plugin, streams.Out)
		return nil
	}
	folder := filepath.Dir(plugin)
	if o.folder != "" {
		if folder, err = filepath.Abs(o.folder); err != nil {
			return err
		}
	}
	made, err := writeCompleter(plugin, folder)
	if err != nil {
		return err
	}
	fmt.Fprintln(streams.Out, progress.Printable(made.path), made.action)
	if found, err := exec.LookPath(completerName); err != nil {
		fmt.Fprintf(streams.ErrOut, "warning: %s is not on PATH, so kubectl will not find the script; add it to PATH, or choose another directory with --dir\n", progress.Printable(folder))
	} else if !sameFile(found, made.path) {
		fmt.Fprintf(streams.ErrOut, "warning: kubectl will ask %s instead, which comes earlier on PATH; remove it if you do not need it\n", progress.Printable(found))
	}
	return nil
}

// explain says what there is to do, as the answer to that question.
func explain(plugin string, out io.Writer) {
	if found, err := exec.LookPath(completerName); err == nil && (sameFile(found, plugin) || isCompleter(found)) {
		fmt.Fprintf(out, "Completion is set up: kubectl calls %s.\n", progress.Printable(found))
	} else {
		fmt.Fprintf(out, "Completion is not set up: %s is not on PATH or belongs to another program. To write it, run:\n\n  %s completion --install\n", completerName, displayName)
	}
	fmt.Fprintf(out, "\nThe completion of kubectl itself must be loaded as well:\n\n")
	for _, shell := range shells {
		fmt.Fprintf(out, "  %-11s %s\n", shell.name, fmt.Sprintf(shell.load, "kubectl completion "+shell.name))
	}
}
