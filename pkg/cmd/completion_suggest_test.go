package cmd

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// freeFlags take any text, number or time, for which there is nothing to
// suggest. A flag is to be here or to have suggestions.
var freeFlags = []string{
	"address", "as", "as-group", "as-uid", "as-user-extra", "chunk-size", "field-selector", "hub", "label-columns",
	"limit-bytes", "max-log-requests", "pod-running-timeout", "port", "proxy-url", "request-timeout", "selector", "server",
	"set", "since", "since-time", "sort-by", "tag", "tail", "timeout", "tls-server-name", "token", "v",
}

func testRoot() *cobra.Command {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	return newRoot(newConnection(streams), streams, "test")
}

// withCommands returns a command and all below it.
func withCommands(command *cobra.Command) []*cobra.Command {
	found := []*cobra.Command{command}
	for _, below := range command.Commands() {
		found = append(found, withCommands(below)...)
	}
	return found
}

// TestFlagSuggestions holds every flag of every command to have suggestions or
// to be known to have none.
func TestFlagSuggestions(t *testing.T) {
	root := testRoot()
	seen := map[string]bool{}
	for _, command := range withCommands(root) {
		look := func(flag *pflag.Flag) {
			seen[flag.Name] = true
			suggest, has := command.GetFlagCompletionFunc(flag.Name)
			_, annotated := flag.Annotations[cobra.BashCompFilenameExt]
			free := slices.Contains(freeFlags, flag.Name)
			switch {
			case free == (has || annotated):
				t.Errorf("%s --%s: has suggestions: %t, is free: %t", command.Name(), flag.Name, has || annotated, free)
			case free && (strings.Contains(flag.Usage, "One of: (") || strings.Contains(flag.Usage, "Must be ")):
				t.Errorf("%s --%s is free, but its usage lists values: %s", command.Name(), flag.Name, flag.Usage)
			case strings.Contains(flag.Usage, "One of: ("):
				values, _ := suggest(command, nil, "")
				for _, value := range values {
					name, _, _ := strings.Cut(value, "\t")
					if !strings.Contains(flag.Usage, name) {
						t.Errorf("%s --%s: %s is suggested and not in the usage", command.Name(), flag.Name, name)
					}
				}
				if len(values) < 2 {
					t.Errorf("%s --%s suggests %q", command.Name(), flag.Name, values)
				}
			}
		}
		command.Flags().VisitAll(look)
		command.PersistentFlags().VisitAll(look)
	}
	for _, name := range freeFlags {
		if !seen[name] {
			t.Errorf("--%s is no flag any more", name)
		}
	}
	for name := range flagSuggestions(&connection{}) {
		if !seen[name] {
			t.Errorf("there are suggestions for --%s, which is no flag", name)
		}
	}
}

// TestSuggestedIsTaken returns the commands what is suggested for their flags.
func TestSuggestedIsTaken(t *testing.T) {
	for _, name := range []string{"dry-run", "validate", "addons", "skip-checks"} {
		install, _, err := testRoot().Find([]string{"install"})
		if err != nil {
			t.Fatal(err)
		}
		suggest, _ := install.GetFlagCompletionFunc(name)
		values, _ := suggest(install, nil, "")
		for _, value := range values {
			value, _, _ = strings.Cut(value, "\t")
			streams, _, _, _ := genericiooptions.NewTestIOStreams()
			root := newRoot(newConnection(streams), streams, "test")
			// The kubeconfig is what it stumbles over, after the flags.
			root.SetArgs([]string{"install", "--" + name + "=" + value, "--kubeconfig=/nowhere"})
			if err := root.Execute(); name != "dry-run" && err == nil || err != nil && strings.Contains(err.Error(), value) {
				t.Errorf("--%s=%s is suggested: %v", name, value, err)
			}
		}
	}
}

// TestSeveralOf completes lists with commas.
func TestSeveralOf(t *testing.T) {
	suggest := severalOf("none", "apple", "apricot", "pear")
	const last, more = cobra.ShellCompDirectiveNoFileComp, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	for _, test := range []struct {
		typed, want string
		directive   cobra.ShellCompDirective
	}{
		{"", "apple apricot pear none", more},
		{"a", "apple apricot", more},
		{"n", "none", last},
		{"pear", "pear", more},
		{"pear,", "pear,apple pear,apricot", more},
		{"pear,ap", "pear,apple pear,apricot", more},
		{"pear,apple,", "pear,apple,apricot", last},
		{"pear,n", "", more},
		{"x", "", more},
		{"pear,apple,apricot,", "", last},
	} {
		got, directive := suggest(nil, nil, test.typed)
		if strings.Join(got, " ") != test.want || directive != test.directive {
			t.Errorf("%q: %q, %d; want %q, %d", test.typed, got, directive, test.want, test.directive)
		}
	}
}

// TestServerNames leaves out what a shell would run, as it puts suggestions into
// the command line.
func TestServerNames(t *testing.T) {
	names := append([]string{"istiod", "b"}, pasted.Names...)
	if got := serverNames(names); !slices.Equal(got, []string{"b", "istiod"}) {
		t.Errorf("got %q", got)
	}
}

// TestSuggestible leaves out what would do something to a terminal.
func TestSuggestible(t *testing.T) {
	for _, one := range suggestible(append([]string{"b", "a", "b"}, hostile...)) {
		harmless(t, "a suggestion", one)
		if strings.ContainsAny(one, "\t\n") || one == "" {
			t.Errorf("%q is suggested", one)
		}
	}
	if got := suggestible([]string{"b", "a", "b"}); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
}
