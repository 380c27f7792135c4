package cmd

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"k8s.io/kubectl/pkg/util/term"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
)

// declinedError says that a question was answered with no, and so what was not
// done. That is what the user wants, and no failure.
type declinedError struct{ undone string }

func (e *declinedError) Error() string { return e.undone }

// ask returns nil for yes, and a declinedError otherwise. It gives up with the
// context, also while it reads; that goroutine ends with the program.
func ask(ctx context.Context, reporter *reporter, question, undone string) error {
	reporter.current().Ask(question + " [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(reporter.streams.In).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case reply := <-answer:
		if reply == "y" || reply == "yes" {
			return nil
		}
		return &declinedError{undone}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// confirmPrune returns what asks before most of an installation is pruned, or nil
// where nobody can be asked.
func confirmPrune(reporter *reporter) func(context.Context, install.Pruning) error {
	if reporter.mode == progressJSON || !term.IsTerminal(reporter.streams.In) {
		return nil
	}
	return func(ctx context.Context, pruning install.Pruning) error {
		question := fmt.Sprintf("Delete %d of the %d installed objects, which the manifest lacks?", pruning.Stale, pruning.Installed)
		return ask(ctx, reporter, question, "nothing installed and nothing removed; use --prune=false to keep these objects")
	}
}
