package cmd

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/kubectl/pkg/util/completion"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
)

// CompletionRequest is the argument with which the shell asks for suggestions
// for the arguments that follow.
const CompletionRequest = cobra.ShellCompRequestCmd

// flagSuggestions are what the shell suggests for the values of flags, by their
// names. Flags whose usage says "One of: (a, b)" need no entry, nor do those
// that are on or off. What it suggests for a command's arguments is the
// command's ValidArgsFunction.
func flagSuggestions(cluster *connection) map[string]cobra.CompletionFunc {
	return map[string]cobra.CompletionFunc{
		"addons":      severalOf(noAddons, addon.Names()...),
		"sample":      severalOf("", sample.Names()...),
		"skip-checks": severalOf("", install.CheckNames()...),
		upgradeFlag:   ordered(oneOf(apiupgrade.Versions()...)),
		"dry-run": oneOf(
			cobra.CompletionWithDesc("client", "print the changes without a cluster"),
			cobra.CompletionWithDesc("server", "validate on the API server, change nothing"),
			"none"),
		"validate": oneOf(
			cobra.CompletionWithDesc("strict", "unknown fields are an error"),
			cobra.CompletionWithDesc("warn", "unknown fields are a warning"),
			cobra.CompletionWithDesc("ignore", "unknown fields are dropped")),

		"namespace": cluster.suggestNamespaces,
		"context":   cluster.suggestConfigured(completion.ListContextsInConfig),
		"cluster":   cluster.suggestConfigured(completion.ListClustersInConfig),
		"user":      cluster.suggestConfigured(completion.ListUsersInConfig),
		"container": cluster.suggestContainers,
		"gateway":   cluster.suggestNames("services"),

		"values":                filesLike("yaml", "yml", "json"),
		"kustomize":             folders,
		"cache-dir":             folders,
		"kubeconfig":            anyFile,
		"certificate-authority": anyFile,
		"client-certificate":    anyFile,
		"client-key":            anyFile,
		"template":              anyFile,
		"dir":                   folders,
	}
}

// suggestFlags registers the suggestions for the flags of all commands. Where
// there are none, the shell is to suggest nothing, and not its files.
func suggestFlags(root *cobra.Command, cluster *connection) {
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	named := flagSuggestions(cluster)
	var register func(*cobra.Command)
	register = func(command *cobra.Command) {
		visit := func(flag *pflag.Flag) {
			if _, done := command.GetFlagCompletionFunc(flag.Name); done {
				return // by kubectl's machinery
			}
			if suggest := suggestValues(flag, named); suggest != nil {
				// Its errors are flags that do not exist or are registered already.
				_ = command.RegisterFlagCompletionFunc(flag.Name, suggest)
			}
		}
		command.Flags().VisitAll(visit)
		command.PersistentFlags().VisitAll(visit)
		for _, below := range command.Commands() {
			register(below)
		}
	}
	register(root)
}

// choices is how the usage of a flag lists its values, as kubectl's does.
var choices = regexp.MustCompile(`One of: \(([^)]+)\)`)

// suggestValues returns nil for what takes any text, and for what has its
// suggestions in its annotations.
func suggestValues(flag *pflag.Flag, named map[string]cobra.CompletionFunc) cobra.CompletionFunc {
	if flag.Value.Type() == "bool" {
		return oneOf("true", "false")
	}
	if listed := choices.FindStringSubmatch(flag.Usage); listed != nil {
		return oneOf(strings.Split(listed[1], ", ")...)
	}
	return named[flag.Name]
}

// oneOf suggests one of some values.
func oneOf(values ...cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return beginning(typed, values), cobra.ShellCompDirectiveNoFileComp
	}
}

// ordered has the shell keep the order of what is suggested.
func ordered(suggest cobra.CompletionFunc) cobra.CompletionFunc {
	return func(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		values, directive := suggest(command, arguments, typed)
		return values, directive | cobra.ShellCompDirectiveKeepOrder
	}
}

// severalOf suggests values for a list with commas, each of them once. alone is
// a word that can only stand by itself, if there is one.
func severalOf(alone string, values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		comma := strings.LastIndex(typed, ",") + 1
		before := typed[:comma]
		given := strings.Split(before, ",")
		left := without(values, given)
		if before == "" && alone != "" {
			left = append(left, alone)
		}
		suggested := beginning(typed[comma:], left)
		for i := range suggested {
			suggested[i] = before + suggested[i]
		}
		directive := cobra.ShellCompDirectiveNoFileComp
		if len(left) > 1 && !slices.Equal(suggested, []string{alone}) {
			directive |= cobra.ShellCompDirectiveNoSpace // a comma may come
		}
		return suggested, directive
	}
}

// anyFile leaves it to the shell to suggest files.
func anyFile(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// filesLike has the shell suggest files with some endings.
func filesLike(endings ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(endings, cobra.ShellCompDirectiveFilterFileExt)
}

// folders has the shell suggest folders.
func folders(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// beginning returns those values that begin with what was typed.
func beginning(typed string, values []cobra.Completion) []cobra.Completion {
	var found []cobra.Completion
	for _, value := range values {
		if strings.HasPrefix(value, typed) {
			found = append(found, value)
		}
	}
	return found
}

// without returns those values that are not given already.
func without(values, given []string) []string {
	var left []string
	for _, value := range values {
		if !slices.Contains(given, value) {
			left = append(left, value)
		}
	}
	return left
}
