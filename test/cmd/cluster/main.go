// cluster starts and stops test clusters, for make cluster-up and cluster-down,
// and tells whether one can have a real node. The folders of what it runs are in
// TOOLS, CONTAINERD and IMAGES.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/node"
)

func main() {
	node.Keep()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

const usage = "usage: cluster up|down -dir DIR -name NAME [-nodes N | -real [-rate MBPS] [-parallel-pulls]], or cluster realizable"

// runner is a cluster of either kind.
type runner struct {
	running func(context.Context) bool
	start   func(context.Context) error
	stop    func(context.Context) error
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "realizable" {
		return node.Missing()
	}
	if len(arguments) == 0 || (arguments[0] != "up" && arguments[0] != "down") {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	dir := flags.String("dir", "", "the folder of all clusters")
	name := flags.String("name", "demo", "the cluster's name")
	nodes := flags.Int("nodes", 3, "how many simulated nodes it has")
	realNode := flags.Bool("real", false, "have one real node instead, on which containers run")
	rate := flags.Float64("rate", 0, "how fast a real node pulls images, in MB/s; 0 sets no limit")
	parallel := flags.Bool("parallel-pulls", false, "have a real node pull images beside each other")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	tools := os.Getenv("TOOLS")
	if tools == "" || *dir == "" {
		return errors.New("TOOLS and -dir must be given; use make cluster-up")
	}
	onReal := node.New(node.Programs{Kubernetes: tools, Containerd: os.Getenv("CONTAINERD"), Images: os.Getenv("IMAGES")}, *dir, *name)
	onReal.Rate, onReal.ParallelPulls, onReal.Lasting = *rate, *parallel, true
	simulated := cluster.New(tools, *dir, *name)
	wanted := runner{simulated.Running, func(ctx context.Context) error { return simulated.Start(ctx, *nodes) }, simulated.Stop}
	if *realNode || onReal.Exists() {
		wanted = runner{onReal.Running, onReal.Start, func(context.Context) error { return onReal.Stop() }}
	}
	if arguments[0] == "down" {
		return wanted.stop(ctx)
	}
	return up(ctx, wanted, *name)
}

func up(ctx context.Context, wanted runner, name string) error {
	if wanted.running(ctx) {
		fmt.Fprintf(os.Stderr, "cluster %s runs already\n", name)
		return nil
	}
	if err := wanted.start(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "cluster %s runs\n", name)
	return nil
}
