// kubectl-istio_demo is a kubectl plugin: kubectl istio-demo.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cmd"
)

// version is set by the linker in a release.
var version string

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	release := func() { signal.Reset(os.Interrupt, syscall.SIGTERM) }
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		number, _ := (<-signals).(syscall.Signal)
		// The second signal ends the program at once.
		release()
		cancel(&cmd.Interrupted{Signal: number})
	}()
	arguments := commandLine(os.Args)
	if len(arguments) > 0 && arguments[0] == cmd.CompletionRequest {
		mute()
	}
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(cmd.Run(ctx, arguments, streams, buildVersion(), release))
}

// completerPrefix begins the name under which kubectl asks a plugin what can
// follow on a command line. v0.1.0 made a link of that name: without this, a
// completion through it would run what is being typed.
const completerPrefix = "kubectl_complete-"

// commandLine returns the arguments that the program was called with. Under the
// other name, they are those that are to be completed.
func commandLine(argv []string) []string {
	if len(argv) == 0 {
		return nil
	}
	if strings.HasPrefix(filepath.Base(argv[0]), completerPrefix) {
		return append([]string{cmd.CompletionRequest}, argv[1:]...)
	}
	return argv[1:]
}

// mute discards standard error: messages of the program or of a credential
// plugin must not appear in the command line being typed.
func mute() {
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
}

// buildVersion returns the release, or what Go knows of the module when the
// program was built by go install.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "dev"
}
