package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
)

// place is a file, a marker in it and what is written there.
type place struct{ file, marker, text string }

// installPlaces are those of make bench: all tables, and a few lines for README.
func installPlaces(run *report.Run) []place {
	return []place{
		{"docs/benchmarks.md", "bench", run.Markdown(report.English)},
		{"docs/benchmarks.zh-CN.md", "bench", run.Markdown(report.Chinese)},
		{"README.md", "bench-summary", run.Summary(report.English)},
		{"README.zh-CN.md", "bench-summary", run.Summary(report.Chinese)},
	}
}

// scalePlaces are those of make bench-scale.
func scalePlaces(scale *report.Scale) []place {
	return []place{
		{"docs/benchmarks.md", "bench-scale", scale.Markdown(report.English)},
		{"docs/benchmarks.zh-CN.md", "bench-scale", scale.Markdown(report.Chinese)},
	}
}

// writeTables writes the tables of the last measurements again, without
// measuring: for a change of their wording.
func writeTables(arguments []string) error {
	flags := flag.NewFlagSet("tables", flag.ContinueOnError)
	root := flags.String("root", ".", "the folder of README.md and docs")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	places, err := savedPlaces(*root)
	return errors.Join(err, rewrite(*root, places))
}

// savedPlaces reads the last measurements from docs/bench.
func savedPlaces(root string) ([]place, error) {
	var run report.Run
	var scale report.Scale
	err := errors.Join(load(root, installData, &run), load(root, scaleData, &scale))
	if err != nil {
		return nil, err
	}
	return append(installPlaces(&run), scalePlaces(&scale)...), nil
}

func load(root, path string, into any) error {
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// rewrite puts each text between the comments of its marker.
func rewrite(root string, places []place) error {
	for _, place := range places {
		path := filepath.Join(root, place.file)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		changed, err := report.Replace(string(text), place.marker, place.text)
		if err != nil {
			return fmt.Errorf("%s: %w", place.file, err)
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			return err
		}
	}
	return nil
}
