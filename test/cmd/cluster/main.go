// cluster starts and stops a test cluster, for make cluster-up and
// cluster-down, and tells whether one can have a real istiod. The folder of its
// binaries is in TOOLS.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

func main() {
	cluster.Keep()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "isolatable" {
		return cluster.Isolatable()
	}
	if len(arguments) == 0 || (arguments[0] != "up" && arguments[0] != "down") {
		return fmt.Errorf("usage: cluster up|down -dir DIR -name NAME [-nodes N] [-istiod FILE [-observers DIR]], or cluster isolatable")
	}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	dir := flags.String("dir", "", "the folder of all clusters")
	name := flags.String("name", "demo", "the cluster's name")
	nodes := flags.Int("nodes", 3, "how many nodes it has")
	istiod := flags.String("istiod", "", "pilot-discovery, for a cluster in a network of its own in which it runs")
	observers := flags.String("observers", "", "the folder of prometheus and jaeger, if they run there, too")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	tools := os.Getenv("TOOLS")
	if tools == "" || *dir == "" {
		return fmt.Errorf("TOOLS and -dir must be given; use make cluster-up")
	}
	control := cluster.New(tools, *dir, *name)
	control.Istiod, control.Observers, control.Lasting = *istiod, *observers, true
	switch {
	case arguments[0] == "down":
		return control.Stop(ctx)
	case control.Running(ctx) && *istiod != "" && !control.HasIstiod():
		return fmt.Errorf("cluster %s runs already, without istiod; stop it first: make cluster-down NAME=%[1]s", *name)
	case control.Running(ctx):
		fmt.Fprintf(os.Stderr, "cluster %s runs already\n", *name)
		return nil
	}
	if err := control.Start(ctx, *nodes); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "cluster %s runs with %d nodes\n", *name, *nodes)
	return nil
}
