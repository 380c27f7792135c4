// kubectl-istio_demo is a kubectl plugin: kubectl istio-demo.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
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
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(cmd.Run(ctx, os.Args[1:], streams, buildVersion(), release))
}

// buildVersion gives the release, or what Go knows of the module when the
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
