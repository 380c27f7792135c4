package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// The exit codes; README documents them.
const (
	exitOK = 0
	// exitFailed: the cluster, a check or the network said no.
	exitFailed = 1
	// exitUsage: the command line or the manifest is wrong. Nothing was
	// written to the cluster.
	exitUsage = 2
	// exitDiffers and exitTrouble are diff's, as those of kubectl diff.
	exitDiffers = 1
	exitTrouble = 2
	// exitNotReady: what was applied did not run before --timeout, or failed.
	exitNotReady = 3
	// exitSignal and the signal's number: interrupted.
	exitSignal = 128
)

// usageError is a fault of the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// getError comes from kubectl's get machinery and is printed in kubectl's words.
type getError struct{ err error }

func (e *getError) Error() string { return e.err.Error() }
func (e *getError) Unwrap() error { return e.err }

// answeredError says that the answer on standard output is one that scripts
// want to know from the exit code, and that there is nothing to add.
type answeredError struct{ code int }

func (e *answeredError) Error() string { return "" }

// Interrupted is the cause of a context that a signal ended.
type Interrupted struct{ Signal syscall.Signal }

func (i *Interrupted) Error() string { return "interrupted" }

// describe returns what is written to standard error, without the last line's
// end and without what is secret in URLs, and the exit code.
func describe(err error, command *cobra.Command, cluster *connection) (string, int) {
	var answered *answeredError
	if errors.As(err, &answered) {
		return "", answered.code
	}
	var declined *declinedError
	if errors.As(err, &declined) {
		return declined.Error(), exitOK
	}
	var usage *usageError
	if errors.As(err, &usage) {
		return fmt.Sprintf("error: %s\nSee '%s --help' for usage.", line(err.Error()), command.CommandPath()), exitUsage
	}
	var get *getError
	if errors.As(err, &get) {
		// Through all of an aggregate, which errors.As does not look into.
		if message := unreachable(flatten(get.err)[0], cluster); message != "" {
			return "error: " + message, exitFailed
		}
		return inKubectlsWords(get.err), exitFailed
	}
	return "error: " + strings.Join(messages(err, cluster), "\nerror: "), exitCode(err)
}

// messages returns the lines of an error, each of them once.
func messages(err error, cluster *connection) []string {
	if message := unreachable(err, cluster); message != "" {
		return []string{message}
	}
	var lines []string
	for one := range strings.Lines(err.Error()) {
		one = line(strings.TrimSuffix(one, "\n"))
		if !slices.Contains(lines, one) { // requests that ran side by side may fail alike
			lines = append(lines, one)
		}
	}
	return lines
}

// line makes one of what may repeat URLs, and be anybody's words.
func line(text string) string { return progress.Printable(redact.Text(text)) }

func exitCode(err error) int {
	var trouble *troubleError
	if errors.As(err, &trouble) {
		return max(exitCode(trouble.err), exitTrouble)
	}
	var (
		input       *manifest.InputError
		interrupted *Interrupted
		unready     *install.UnreadyError
	)
	switch {
	case errors.As(err, &interrupted):
		return exitSignal + int(interrupted.Signal)
	case errors.As(err, &unready), errors.Is(err, cluster.ErrTimeout):
		return exitNotReady
	case errors.As(err, &input):
		return exitUsage
	}
	return exitFailed
}

// unreachable describes why the API server cannot be reached. It is empty for all
// other errors.
func unreachable(err error, conn *connection) string {
	var transport *url.Error
	var interrupted *Interrupted
	switch {
	case errors.As(err, &interrupted), errors.Is(err, cluster.ErrTimeout):
		return ""
	case apierrors.IsUnauthorized(err):
		return "the API server rejected your credentials (401 Unauthorized); log in again, or check the user of the context"
	case errors.As(err, &transport) && strings.HasPrefix(transport.Err.Error(), "getting credentials: "):
		return line(fmt.Sprintf("cannot get credentials%s: %s", conn.contextInUse(), strings.TrimPrefix(transport.Err.Error(), "getting credentials: ")))
	case errors.As(err, &transport) && !errors.Is(err, context.Canceled):
		server := redact.URL(transport.URL)
		if parsed, err := url.Parse(server); err == nil {
			server = parsed.Scheme + "://" + parsed.Host
		}
		message := fmt.Sprintf("cannot reach the API server %s%s: %v", server, conn.contextInUse(), rootCause(transport.Err))
		return line(message) + "; is the cluster running, and is it the right one?"
	}
	return ""
}

// contextInUse names the kubeconfig's context, if there is one.
func (c *connection) contextInUse() string {
	name := *c.Context
	if name == "" {
		if raw, err := c.ToRawKubeConfigLoader().RawConfig(); err == nil {
			name = raw.CurrentContext
		}
	}
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" (context %s)", name)
}

// rootCause leaves out what net says about the steps to the error.
func rootCause(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}

// inKubectlsWords formats an error as `kubectl get` does.
func inKubectlsWords(err error) string {
	var lines []string
	for _, one := range flatten(err) {
		message, ok := cmdutil.StandardErrorMessage(one)
		if !ok {
			message = "error: " + strings.TrimPrefix(one.Error(), "error: ")
		}
		// The server may have put line ends into it.
		lines = append(lines, line(strings.TrimSpace(message)))
	}
	return strings.Join(lines, "\n")
}

func flatten(err error) []error {
	if aggregate, ok := err.(utilerrors.Aggregate); ok {
		return utilerrors.Flatten(aggregate).Errors()
	}
	return []error{err}
}
