// realnode measures how soon a mesh serves: the plugin against what else
// installs Istio's demo, each on a fresh cluster with a real node that pulls
// images at a given rate. It writes the numbers and the table of
// docs/benchmarks.md. make bench-node sets what it needs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/node"
)

const (
	dataFile  = "docs/bench/node.json"
	tableFile = "docs/benchmarks.md"
	begin     = "<!-- node -->"
	end       = "<!-- /node -->"
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

func run(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("realnode", flag.ContinueOnError)
	rounds := flags.Int("rounds", 3, "how often everything is measured")
	rates := flags.String("rates", "0,10,3", "how fast images are pulled, in MB/s; with 0 they are on the node already")
	only := flags.String("only", "", "only these tools, with commas between them; nothing is written then, unless with -keep")
	keep := flags.Bool("keep", false, "write what was measured of only some tools, too")
	add := flags.Bool("add", false, "add the rounds to those that "+dataFile+" has, since all of them take hours")
	root := flags.String("root", ".", "the folder of docs")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "istio-demo-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(dir)
	if err != nil {
		return err
	}
	var measured measurement
	if *add {
		if measured, err = read(*root); err != nil {
			return err
		}
	}
	measured.Date = time.Now().UTC().Truncate(time.Second)
	if measured.Bytes, err = b.bytes(); err != nil {
		return err
	}
	var now []float64
	for rate := range strings.SplitSeq(*rates, ",") {
		number, err := strconv.ParseFloat(rate, 64)
		if err != nil {
			return err
		}
		now = append(now, number)
		if !slices.Contains(measured.Rates, number) {
			measured.Rates = append(measured.Rates, number)
		}
	}
	for round := range *rounds {
		for _, rate := range now {
			for _, c := range b.contenders {
				if *only != "" && !strings.Contains(","+*only+",", ","+c.name+",") {
					continue
				}
				sample, err := b.measure(ctx, c, rate)
				if err != nil {
					return fmt.Errorf("%s at %g MB/s: %w", c.name, rate, err)
				}
				measured.Samples = append(measured.Samples, sample)
				fmt.Fprintf(os.Stderr, "round %d: %s\n", round+1, sample)
			}
			if *only == "" || *keep || *add {
				if err := write(*root, measured); err != nil {
					return err
				}
			}
		}
	}
	fmt.Println(measured.markdown())
	return nil
}

// read reads the numbers of earlier runs; there may be none.
func read(root string) (measurement, error) {
	var measured measurement
	data, err := os.ReadFile(filepath.Join(root, dataFile))
	if errors.Is(err, fs.ErrNotExist) {
		return measured, nil
	}
	if err != nil {
		return measured, err
	}
	return measured, json.Unmarshal(data, &measured)
}

// write writes the numbers, and the table between its marks.
func write(root string, measured measurement) error {
	data, err := json.MarshalIndent(measured, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join(root, tableFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table", path)
	}
	return errors.Join(
		os.WriteFile(filepath.Join(root, dataFile), append(data, '\n'), 0o644),
		os.WriteFile(path, []byte(before+begin+"\n\n"+measured.markdown()+"\n"+end+after), 0o644),
	)
}
