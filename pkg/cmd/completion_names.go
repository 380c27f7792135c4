package cmd

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/completion"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/access"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// askTime bounds how long a completion waits for the cluster.
const askTime = 2 * time.Second

// typingGetter is how kubectl's completion queries the cluster: within askTime,
// and without messages in the command line being typed.
type typingGetter struct{ coreGetter }

func (g *typingGetter) ToRESTConfig() (*rest.Config, error) {
	config, err := g.connection.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	config.Timeout = askTime
	config.WarningHandler = rest.NoWarnings{}
	if config.ExecProvider != nil {
		// The shell reads the keyboard, so a plugin cannot prompt for a login.
		config.ExecProvider.StdinUnavailable = true
	}
	return config, nil
}

func (g *typingGetter) ToRESTMapper() (meta.RESTMapper, error) {
	namespaces := meta.NewDefaultRESTMapper(nil)
	namespaces.Add(corev1.SchemeGroupVersion.WithKind("Namespace"), meta.RESTScopeRoot)
	return meta.FirstHitRESTMapper{MultiRESTMapper: meta.MultiRESTMapper{coreMapper(), namespaces}}, nil
}

// ask has a question answered by the cluster. Where it cannot, or not in time,
// there is nothing to suggest, and no place to say why.
func (c *connection) ask(question func(cmdutil.Factory) []string) []cobra.Completion {
	if c.checkNamespace() != nil {
		return nil
	}
	if _, err := c.restConfig(); err != nil {
		return nil
	}
	answer := make(chan []string, 1)
	// kubectl's completion takes no context; it ends with this program.
	go func() { answer <- question(cmdutil.NewFactory(&typingGetter{coreGetter{c}})) }()
	select {
	case names := <-answer:
		return serverNames(names)
	case <-time.After(askTime):
		return nil
	}
}

// serverNames suggests names of a cluster's, and leaves out those that a shell would
// take for more than a word: shells put them into the command line as they are.
func serverNames(names []string) []cobra.Completion {
	names = slices.DeleteFunc(names, func(name string) bool {
		name, _, _ = strings.Cut(name, "\t") // what describes it is ours
		return !shell.IsPlain(name)
	})
	slices.Sort(names)
	return slices.Compact(names)
}

func (c *connection) suggestNamespaces(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.ask(func(factory cmdutil.Factory) []string {
		return completion.CompGetResource(factory, "namespaces", typed)
	}), cobra.ShellCompDirectiveNoFileComp
}

// suggestNames suggests objects of a type in the namespace, each of them once.
func (c *connection) suggestNames(kind string) cobra.CompletionFunc {
	return func(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if all := command.Flags().Lookup("all-namespaces"); all != nil && all.Value.String() == "true" {
			return nil, cobra.ShellCompDirectiveNoFileComp // names need a namespace
		}
		found := c.ask(func(factory cmdutil.Factory) []string { return completion.CompGetResource(factory, kind, typed) })
		return without(found, arguments), cobra.ShellCompDirectiveNoFileComp
	}
}

// suggestWithPods suggests objects of some types by their name alone, and
// others that have pods as TYPE/NAME.
func (c *connection) suggestWithPods(typed string, kinds ...string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if kind, name, slash := strings.Cut(typed, "/"); slash {
		found := c.ask(func(factory cmdutil.Factory) []string { return completion.CompGetResource(factory, kind, name) })
		for i := range found {
			found[i] = kind + "/" + found[i]
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
	found := c.ask(func(factory cmdutil.Factory) (described []string) {
		for _, kind := range kinds {
			for _, name := range completion.CompGetResource(factory, kind, typed) {
				described = append(described, cobra.CompletionWithDesc(name, kind))
			}
		}
		return described
	})
	if len(found) > 0 || typed == "" {
		return found, cobra.ShellCompDirectiveNoFileComp
	}
	var types []cobra.Completion
	for _, one := range coreKinds {
		types = append(types, one.singular+"/")
	}
	return beginning(typed, types), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace // the name comes
}

// suggestLogs suggests what there are logs of: a component, that is a
// deployment, or a pod, and then its containers.
func (c *connection) suggestLogs(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch {
	case command.Flags().Changed("selector"):
		return nil, cobra.ShellCompDirectiveNoFileComp
	case len(arguments) == 0:
		return c.suggestWithPods(typed, "deployment", "pod")
	case len(arguments) == 1 && !command.Flags().Changed("container"):
		return c.suggestContainers(command, arguments, typed)
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// containers prints the names of the containers of pods, of one, or of what has a
// template for them.
const containers = `{{define "pod"}}{{range .spec.initContainers}}{{.name}} {{end}}{{range .spec.containers}}{{.name}} {{end}}{{end}}` +
	`{{range .items}}{{template "pod" .}}{{end}}{{with .spec}}{{template "pod" $}}{{with .template}}{{template "pod" .}}{{end}}{{end}}`

// suggestContainers suggests those of the component, or, where labels choose the
// pods, those of all.
func (c *connection) suggestContainers(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var of [][]string
	switch {
	case len(arguments) > 0 && strings.Contains(arguments[0], "/"):
		of = [][]string{arguments[:1]}
	case len(arguments) > 0:
		of = [][]string{{"deployments", arguments[0]}, {"pods", arguments[0]}}
	case command.Flags().Changed("selector"):
		of = [][]string{{"pods"}}
	}
	return c.ask(func(factory cmdutil.Factory) (found []string) {
		template := containers
		for _, named := range of {
			if found = completion.CompGetFromTemplate(&template, factory, "", named, typed); len(found) > 0 {
				break
			}
		}
		return found
	}), cobra.ShellCompDirectiveNoFileComp
}

// suggestDashboards suggests the dashboards, each of them once, and for that of a
// proxy what has one.
func (c *connection) suggestDashboards(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(arguments) > 0 && access.NeedsProxy(arguments[0]) {
		return c.suggestProxies(arguments, typed)
	}
	var all []cobra.Completion
	for _, name := range without(access.DashboardNames(), arguments) {
		if len(arguments) == 0 || !access.NeedsProxy(name) {
			all = append(all, cobra.CompletionWithDesc(name, access.DashboardTitle(name)))
		}
	}
	return beginning(typed, all), cobra.ShellCompDirectiveNoFileComp
}

func (c *connection) suggestProxies(arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(arguments) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	found, directive := c.suggestWithPods(typed, "pod")
	return slices.DeleteFunc(found, func(one cobra.Completion) bool {
		kind, _, slash := strings.Cut(one, "/")
		return slash && access.ValidateProxy(kind+"/name") != nil
	}), directive
}

// suggestConfigured suggests what the kubeconfig has, but for names that would do
// something to the terminal.
func (c *connection) suggestConfigured(list func(typed string) []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		completion.SetFactoryForCompletion(cmdutil.NewFactory(c))
		return suggestible(list(typed)), cobra.ShellCompDirectiveNoFileComp
	}
}

func suggestible(names []string) []cobra.Completion {
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" || progress.Printable(name) != name })
	slices.Sort(names)
	return slices.Compact(names)
}
