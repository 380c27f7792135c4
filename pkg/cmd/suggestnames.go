package cmd

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/access"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// askTime is how long somebody who is typing waits for the cluster.
const askTime = 2 * time.Second

// ask has a question answered by the cluster. Where it cannot, or not in time,
// there is nothing to suggest, and no place to say why.
func (c *connection) ask(ctx context.Context, question func(context.Context, *cluster.Lookup) []cobra.Completion) []cobra.Completion {
	if c.checkNamespace() != nil {
		return nil
	}
	config, err := c.restConfig()
	if err != nil {
		return nil
	}
	lookup, err := cluster.NewLookup(config)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer := make(chan []cobra.Completion, 1)
	// Programs that get credentials know no context; they end with this one.
	go func() { answer <- question(ctx, lookup) }()
	select {
	case found := <-answer:
		return found
	case <-ctx.Done():
		return nil
	}
}

// serverNames suggests names of a cluster's. One that the shell would take for more
// than a word is left out: shells put it into the command line as it is.
func serverNames(names []string, err error) []cobra.Completion {
	return suggestible(slices.DeleteFunc(names, func(name string) bool { return !shell.IsPlain(name) }), err)
}

// suggestible leaves out what is no name, so that nothing does anything to the
// terminal. After an error it gives nothing.
func suggestible(names []string, err error) []cobra.Completion {
	if err != nil {
		return nil
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" || progress.Printable(name) != name })
	slices.Sort(names)
	return slices.Compact(names)
}

// namesOf asks for the objects of a type, which is any of kubectl's names for
// it.
func (c *connection) namesOf(ctx context.Context, lookup *cluster.Lookup, kind string) []cobra.Completion {
	resource, err := coreMapper().ResourceFor(schema.GroupVersionResource{Resource: kind})
	if err != nil {
		return nil
	}
	return serverNames(lookup.Names(ctx, resource, *c.Namespace))
}

func (c *connection) suggestNamespaces(command *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	found := c.ask(command.Context(), func(ctx context.Context, lookup *cluster.Lookup) []cobra.Completion {
		return serverNames(lookup.Names(ctx, schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, ""))
	})
	return beginning(typed, found), cobra.ShellCompDirectiveNoFileComp
}

// suggestNames suggests objects of a type in the namespace, each of them once.
func (c *connection) suggestNames(kind string) cobra.CompletionFunc {
	return func(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if all := command.Flags().Lookup("all-namespaces"); all != nil && all.Value.String() == "true" {
			return nil, cobra.ShellCompDirectiveNoFileComp // names need a namespace
		}
		found := c.ask(command.Context(), func(ctx context.Context, lookup *cluster.Lookup) []cobra.Completion {
			return c.namesOf(ctx, lookup, kind)
		})
		return beginning(typed, without(found, arguments)), cobra.ShellCompDirectiveNoFileComp
	}
}

// suggestWithPods suggests objects of some types by their name alone, and
// others that have pods as TYPE/NAME.
func (c *connection) suggestWithPods(ctx context.Context, typed string, kinds ...string) ([]cobra.Completion, cobra.ShellCompDirective) {
	kind, _, slash := strings.Cut(typed, "/")
	if slash {
		found := c.ask(ctx, func(ctx context.Context, lookup *cluster.Lookup) []cobra.Completion {
			return c.namesOf(ctx, lookup, kind)
		})
		for i := range found {
			found[i] = kind + "/" + found[i]
		}
		return beginning(typed, found), cobra.ShellCompDirectiveNoFileComp
	}
	found := beginning(typed, c.ask(ctx, func(ctx context.Context, lookup *cluster.Lookup) []cobra.Completion {
		return c.namesWithKinds(ctx, lookup, kinds)
	}))
	if len(found) > 0 || typed == "" {
		return found, cobra.ShellCompDirectiveNoFileComp
	}
	var types []cobra.Completion
	for _, one := range coreKinds {
		types = append(types, one.singular+"/")
	}
	return beginning(typed, types), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace // the name comes
}

// namesWithKinds asks for several types at once, and says what is what.
func (c *connection) namesWithKinds(ctx context.Context, lookup *cluster.Lookup, kinds []string) []cobra.Completion {
	found := make([][]cobra.Completion, len(kinds))
	var asking sync.WaitGroup
	for i, kind := range kinds {
		asking.Go(func() {
			for _, name := range c.namesOf(ctx, lookup, kind) {
				found[i] = append(found[i], cobra.CompletionWithDesc(name, kind))
			}
		})
	}
	asking.Wait()
	return slices.Concat(found...)
}

// suggestLogs suggests what there are logs of: a component, that is a
// deployment, or a pod, and then its containers.
func (c *connection) suggestLogs(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch {
	case command.Flags().Changed("selector"):
		return nil, cobra.ShellCompDirectiveNoFileComp
	case len(arguments) == 0:
		return c.suggestWithPods(command.Context(), typed, "deployment", "pod")
	case len(arguments) == 1 && !command.Flags().Changed("container"):
		return c.suggestContainers(command, arguments, typed)
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// suggestContainers suggests those of the component, or of what the labels
// choose.
func (c *connection) suggestContainers(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	selector := command.Flags().Lookup("selector")
	found := c.ask(command.Context(), func(ctx context.Context, lookup *cluster.Lookup) []cobra.Completion {
		switch {
		case len(arguments) > 0:
			return c.containersOf(ctx, lookup, arguments[0])
		case selector != nil && selector.Changed:
			return serverNames(lookup.SelectedContainers(ctx, *c.Namespace, selector.Value.String()))
		}
		return nil
	})
	return beginning(typed, found), cobra.ShellCompDirectiveNoFileComp
}

// containersOf asks what a component, a pod or TYPE/NAME consists of.
func (c *connection) containersOf(ctx context.Context, lookup *cluster.Lookup, named string) []cobra.Completion {
	kinds := []string{"deployments", "pods"}
	if kind, name, found := strings.Cut(named, "/"); found {
		kinds, named = []string{kind}, name
	}
	for _, kind := range kinds {
		resource, err := coreMapper().ResourceFor(schema.GroupVersionResource{Resource: kind})
		if err != nil {
			continue
		}
		if found := serverNames(lookup.Containers(ctx, resource, *c.Namespace, named)); len(found) > 0 {
			return found
		}
	}
	return nil
}

// suggestDashboards suggests the dashboards, and for that of a proxy what has
// one.
func (c *connection) suggestDashboards(command *cobra.Command, arguments []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch {
	case len(arguments) == 0:
		var all []cobra.Completion
		for _, name := range access.DashboardNames() {
			all = append(all, cobra.CompletionWithDesc(name, access.DashboardTitle(name)))
		}
		return beginning(typed, all), cobra.ShellCompDirectiveNoFileComp
	case len(arguments) == 1 && access.NeedsProxy(arguments[0]):
		found, directive := c.suggestWithPods(command.Context(), typed, "pod")
		return slices.DeleteFunc(found, func(one cobra.Completion) bool {
			kind, _, slash := strings.Cut(one, "/")
			return slash && access.ValidateProxy(kind+"/name") != nil
		}), directive
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func (c *connection) suggestContexts(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.suggestConfigured(typed, func(config *api.Config) []string {
		return slices.Collect(maps.Keys(config.Contexts))
	})
}

func (c *connection) suggestClusters(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.suggestConfigured(typed, func(config *api.Config) []string {
		return slices.Collect(maps.Keys(config.Clusters))
	})
}

func (c *connection) suggestUsers(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.suggestConfigured(typed, func(config *api.Config) []string {
		return slices.Collect(maps.Keys(config.AuthInfos))
	})
}

// suggestConfigured suggests what the kubeconfig has.
func (c *connection) suggestConfigured(typed string, names func(*api.Config) []string) ([]cobra.Completion, cobra.ShellCompDirective) {
	raw, err := c.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return beginning(typed, suggestible(names(&raw), nil)), cobra.ShellCompDirectiveNoFileComp
}
