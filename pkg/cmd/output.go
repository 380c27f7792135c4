package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// printObjects prints the objects as `kubectl apply -o` does: one by itself,
// several as a List. What was pruned is not there any more.
func printObjects(flags *genericclioptions.PrintFlags, results []install.Result, out io.Writer) error {
	results = slices.DeleteFunc(slices.Clone(results), func(result install.Result) bool { return result.Action == event.Pruned })
	printer, err := flags.ToPrinter()
	if err != nil {
		return err
	}
	if len(results) == 1 {
		return printer.PrintObj(results[0].Stored, out)
	}
	return printer.PrintObj(listOf(results), out)
}

func listOf(results []install.Result) *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "List",
		"metadata":   map[string]any{},
	}}
	for _, result := range results {
		list.Items = append(list.Items, *result.Stored)
	}
	return list
}

// printTable fits a table to the terminal, if that is where it is printed.
func printTable(table progress.Table, out io.Writer) error {
	return table.Print(out, progress.Columns(bare(out)))
}

// printActions prints a line for each object that changes, in kubectl's form:
// deployment.apps/istiod created (server dry run). What the server could not
// look at is explained once, below them.
func printActions(results []install.Result, dryRun event.DryRun, out io.Writer) {
	suffix := "(dry run)"
	if dryRun == event.DryRunServer {
		suffix = "(server dry run)"
	}
	unverified := false
	for _, result := range results {
		name := progress.Printable(result.Ref.Resource())
		switch result.Action {
		case event.Unchanged:
		case event.Unverified:
			unverified = true
			fmt.Fprintf(out, "%s created (server dry run, not validated)\n", name)
		default:
			fmt.Fprintf(out, "%s %s %s\n", name, result.Action, suffix)
		}
	}
	if unverified {
		fmt.Fprintln(out, "not validated: what these need is missing or does not answer, so the server can check them only during an install")
	}
}

// totalsLast keeps the totals of a dry run back until the objects are printed, and
// gives what prints them then.
func totalsLast(dryRun event.DryRun, sink event.Sink) (event.Sink, func()) {
	if dryRun == event.DryRunNone {
		return sink, func() {}
	}
	var totals event.Event
	keep := func(e event.Event) {
		if _, is := e.(event.Finished); is {
			totals = e
			return
		}
		sink(e)
	}
	return keep, func() {
		if totals != nil {
			sink(totals)
		}
	}
}

// checkFormat refuses formats that printFields does not know.
func checkFormat(format string) error {
	if format != "" && format != "json" && format != "yaml" {
		return &usageError{fmt.Errorf("unknown output format %q; use json or yaml", format)}
	}
	return nil
}

// printFields prints what is no Kubernetes object, as JSON or YAML.
func printFields(fields any, format string, out io.Writer) error {
	if format == "yaml" {
		return printYAML(fields, out)
	}
	data, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, string(data))
	return nil
}

// printYAML goes by JSON, for its names of the fields, but does not read that
// as YAML, as most do: YAML does not take all letters that objects may hold.
func printYAML(fields any, out io.Writer) error {
	data, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	var plain any
	if err := utiljson.Unmarshal(data, &plain); err != nil {
		return err
	}
	if data, err = yaml.Marshal(plain); err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}
