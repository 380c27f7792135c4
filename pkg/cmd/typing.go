package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/suggest"
)

// noArguments refuses arguments and says which word was not understood.
func noArguments(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	if command.HasSubCommands() {
		return &usageError{fmt.Errorf("unknown command %q%s", arguments[0], meantCommand(command, arguments[0]))}
	}
	return &usageError{fmt.Errorf("%s takes no arguments, but got %q", command.CommandPath(), arguments[0])}
}

// meantCommand names the command below another one that may be meant, if any.
func meantCommand(above *cobra.Command, name string) string {
	var names []string
	for _, command := range above.Commands() {
		if command.IsAvailableCommand() {
			names = append(names, command.Name())
		}
	}
	return meant(name, names)
}

// meant ends a message about a name that does not exist, where there are too many
// to list them.
func meant(name string, known []string) string {
	if suggest.Nearest(name, known) == "" {
		return ""
	}
	return "; " + suggest.Remedy(name, known)
}

// flagError says which flag may be meant by one that does not exist.
func flagError(command *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		command.Flags().VisitAll(func(flag *pflag.Flag) {
			if !flag.Hidden {
				names = append(names, "--"+flag.Name)
			}
		})
		err = fmt.Errorf("%w%s", err, meant("--"+unknown.GetSpecifiedName(), names))
	}
	return &usageError{err}
}

// explainValues has all commands explain the argument of --dry-run server: a flag
// that needs no value takes one only behind =.
func explainValues(command *cobra.Command) {
	if validate := command.Args; validate != nil {
		command.Args = func(command *cobra.Command, arguments []string) error {
			err := validate(command, arguments)
			if flag := separated(command, arguments); err != nil && flag != "" {
				return &usageError{errors.New(flag)}
			}
			return err
		}
	}
	for _, below := range command.Commands() {
		explainValues(below)
	}
}

// separated says how the value of a flag is written that was given as an argument;
// it is empty if there is none.
func separated(command *cobra.Command, arguments []string) string {
	said := ""
	command.Flags().Visit(func(flag *pflag.Flag) {
		for _, argument := range arguments {
			if flag.NoOptDefVal != "" && flag.Value.String() == flag.NoOptDefVal && isValue(flag, argument) {
				said = fmt.Sprintf("--%s needs = before its value: --%[1]s=%s", flag.Name, argument)
			}
		}
	})
	return said
}

// isValue reports whether a word can be the value of a flag.
func isValue(flag *pflag.Flag, word string) bool {
	if flag.Value.Type() == "bool" {
		_, err := strconv.ParseBool(word)
		return err == nil
	}
	return slices.Contains(map[string][]string{
		"dry-run":  {"none", "client", "server"},
		"validate": {"strict", "warn", "ignore"},
	}[flag.Name], strings.ToLower(word))
}
