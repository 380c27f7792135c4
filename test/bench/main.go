// bench measures the plugin against what else installs Istio's demo, all of
// them in turn on fresh control planes in one run, and writes the numbers, which
// the plot is drawn from, and the tables of docs/benchmarks.md and README. make
// bench sets what it needs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// The files with the numbers.
const (
	installData = "docs/bench/install.json"
	scaleData   = "docs/bench/scale.json"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) (err error) {
	if len(arguments) == 2 && arguments[0] == "bare" {
		return sendBare(ctx, arguments[1])
	}
	if len(arguments) > 0 && arguments[0] == "tables" {
		return writeTables(arguments[1:])
	}
	if len(arguments) == 0 || (arguments[0] != "install" && arguments[0] != "scale") {
		return errors.New("usage: bench install|scale|tables [-rounds N] [-rtts 0,50,200] [-root DIR]; use make bench")
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 3, "how often everything is measured")
	distances := flags.String("rtts", "0,50,200", "install: the round-trip times, in milliseconds")
	root := flags.String("root", ".", "the folder of README.md and docs")
	only := flags.String("only", "", "install: only these tools, with commas between them; nothing is written then")
	sizes := flags.String("sizes", "100,1000,5000", "scale: how many objects are installed")
	limit := flags.Int("kubectl-objects", 5000, "scale: the most objects that kubectl applies, too")
	pods := flags.Int("pods", 10_000, "scale: how many pods are shown")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	rtts, err := numbers(*distances)
	if err != nil {
		return err
	}
	l, err := newLab()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if arguments[0] == "scale" {
		scale := &report.Scale{Rounds: *rounds, Limit: *limit, Pods: *pods, RTTs: []int{0, 50}}
		if scale.Sizes, err = numbers(*sizes); err != nil {
			return err
		}
		return l.benchScale(ctx, *root, scale)
	}
	return l.benchInstall(ctx, *root, &report.Run{Rounds: *rounds, RTTs: rtts}, *only)
}

func numbers(list string) ([]int, error) {
	var found []int
	for part := range strings.SplitSeq(list, ",") {
		number, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		found = append(found, number)
	}
	return found, nil
}

// benchInstall is make bench.
func (l *lab) benchInstall(ctx context.Context, root string, run *report.Run, only string) error {
	if err := l.describe(ctx, &run.Circumstances); err != nil {
		return err
	}
	contenders, err := l.contenders(ctx)
	if err != nil {
		return err
	}
	if contenders, err = choose(contenders, only); err != nil {
		return err
	}
	if err := l.count(ctx, run, contenders); err != nil {
		return err
	}
	if err := l.rounds(ctx, run, contenders); err != nil {
		return err
	}
	run.Summarise()
	fmt.Println(run.Markdown(report.English))
	if only != "" {
		return failed(run.Failures(report.Ours, report.Program))
	}
	return errors.Join(
		save(root, installData, run),
		rewrite(root, installPlaces(run)),
		failed(run.Failures(report.Ours, report.Program)),
	)
}

// describe notes when and where it is measured, what, and of which server.
func (l *lab) describe(ctx context.Context, found *report.Circumstances) error {
	found.Date, found.Machine = time.Now().UTC().Truncate(time.Second), thisMachine()
	output, err := exec.CommandContext(ctx, filepath.Join(l.plugin, "kubectl-istio_demo"), "version", "--client", "-o", "json").Output()
	if err != nil {
		return err
	}
	var answer struct {
		ClientVersion struct{ GitVersion string }
		IstioVersion  string
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return err
	}
	found.Program, found.Istio = answer.ClientVersion.GitVersion, answer.IstioVersion
	return l.with(ctx, func(control *cluster.Cluster) error {
		raw, err := l.kubectl(ctx, control, "get", "--raw", "/version")
		if err != nil {
			return err
		}
		var version struct{ GitVersion string }
		err = json.Unmarshal([]byte(raw), &version)
		found.Kubernetes = version.GitVersion
		return err
	})
}

// newNumber begins a line of an array of numbers.
var newNumber = regexp.MustCompile(`\n +(-?[0-9])`)

// save writes what was measured, with arrays of numbers in one line.
func save(root, path string, measured any) error {
	data, err := json.MarshalIndent(measured, "", " ")
	if err != nil {
		return err
	}
	data = newNumber.ReplaceAll(data, []byte(" $1"))
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// failed makes an error of what did not work.
func failed(failures []string) error {
	if len(failures) == 0 {
		return nil
	}
	return errors.New(strings.Join(failures, "\n"))
}
