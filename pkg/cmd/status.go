package cmd

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/status"
)

// statusOptions are the flags of status.
type statusOptions struct {
	format  string
	watch   bool
	timeout timeLimit
}

func newStatus(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := &statusOptions{}
	command := &cobra.Command{
		Use:   "status",
		Short: "Show whether the demo is ready, and why if it is not",
		Long: paragraphs(`
			Show whether the installed workloads are ready. For each one that is not,
			show the container and the reason, its last log lines, the last warning, and
			the next step to try. The exit code is 0 if all workloads are ready, and 1
			otherwise.`),
		Example: examples(`
			# Show the status of the demo
			kubectl istio-demo status

			# Include images, and watch for changes
			kubectl istio-demo status -o wide -w

			# Print the names of workloads that are not ready, for scripts
			kubectl istio-demo status -o json | jq -r '.workloads[] | select(.ready | not) | .name'`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.validate(cluster); err != nil {
				return err
			}
			return o.run(command.Context(), cluster, streams)
		},
	}
	flags := command.Flags()
	flags.StringVarP(&o.format, "output", "o", "", "Output format. One of: (wide, json, yaml)")
	flags.BoolVarP(&o.watch, "watch", "w", false, "After listing the workloads, watch for changes")
	o.timeout.addFlag(flags, time.Minute, "Maximum time for the whole command; ignored with --watch")
	return command
}

func (o *statusOptions) validate(cluster *connection) error {
	switch o.format {
	case "", "wide":
	case "json", "yaml":
		if o.watch {
			return &usageError{fmt.Errorf("-w and -o %s cannot be used together", o.format)}
		}
	default:
		return &usageError{fmt.Errorf("unknown output format %q; use wide, json or yaml", o.format)}
	}
	if err := o.timeout.validate(""); err != nil {
		return err
	}
	return cluster.checkNamespace()
}

func (o *statusOptions) run(ctx context.Context, cluster *connection, streams genericiooptions.IOStreams) error {
	connected, err := cluster.connect(progress.NewPlain(streams.ErrOut).Sink)
	if err != nil {
		return err
	}
	status := &status.Status{Cluster: connected, Namespace: *cluster.Namespace}
	if o.watch {
		return o.show(ctx, status, streams.Out)
	}
	ctx, cancel := o.timeout.limit(ctx)
	defer cancel()
	report, err := status.Run(ctx)
	if err != nil {
		return err
	}
	if err := o.print(report, streams.Out); err != nil {
		return err
	}
	if !report.Ready {
		return &answeredError{exitFailed}
	}
	return nil
}

// show watches, and prints a line for each change.
func (o *statusOptions) show(ctx context.Context, mesh *status.Status, out io.Writer) error {
	rows := o.rows(out, mesh.Namespace)
	rows.header()
	err := mesh.Watch(ctx, func(workload status.Workload) {
		rows.add(workload)
		rows.Flush()
	})
	if err == nil {
		fmt.Fprintln(out, noWorkloads)
	}
	return err
}

// noWorkloads describes an installation of configuration only.
const noWorkloads = "no workloads installed"

func (o *statusOptions) print(report status.Report, out io.Writer) error {
	if o.format == "json" || o.format == "yaml" {
		return printFields(report, o.format, out)
	}
	fmt.Fprintln(out, progress.Printable(headline(report)))
	if o.format == "wide" && report.Settings != nil {
		for _, setting := range report.Settings.Assignments() {
			fmt.Fprintln(out, "  "+progress.Printable(setting))
		}
	}
	if len(report.Workloads) > 0 {
		rows := o.rows(out, report.Namespace)
		rows.header()
		for _, workload := range report.Workloads {
			rows.add(workload)
		}
		if err := rows.Flush(); err != nil {
			return err
		}
	}
	printWhy(report, out)
	printLost(report, out)
	for _, warning := range report.Warnings {
		fmt.Fprintln(out, "\nwarning: "+progress.Printable(warning))
	}
	return nil
}

// flusher aligns columns and prints them when it is flushed.
type flusher interface {
	io.Writer
	Flush() error
}

// rows is the table of workloads.
type rows struct {
	flusher
	wide bool
	home string
}

func (o *statusOptions) rows(out io.Writer, home string) *rows {
	return &rows{flusher: printers.GetNewTabWriter(out), wide: o.format == "wide", home: home}
}

func (r *rows) header() {
	columns := []string{"NAME", "READY", "STATUS", "AGE"}
	if r.wide {
		columns = append(columns, "IMAGES")
	}
	fmt.Fprintln(r, strings.Join(columns, "\t"))
}

func (r *rows) add(workload status.Workload) {
	ref := event.Object{Group: workload.Group, Kind: workload.Kind, Namespace: workload.Namespace, Name: workload.Name}
	columns := []string{shortName(ref, r.home), dash(workload.Replicas), "Ready", age(workload.Created)}
	if !workload.Ready {
		columns[2] = dash(workload.Message)
	}
	if r.wide {
		columns = append(columns, dash(strings.Join(workload.Images, ",")))
	}
	for i, column := range columns {
		columns[i] = progress.Printable(column)
	}
	fmt.Fprintln(r, strings.Join(columns, "\t"))
}

// shortName returns "deployment/istiod", with the namespace only where it is
// another one than the demo's.
func shortName(ref event.Object, home string) string {
	if ref.Namespace == home {
		ref.Namespace = ""
	}
	return strings.ToLower(ref.Kind) + "/" + ref.Path()
}

// age returns how long something exists.
func age(created time.Time) string {
	if created.IsZero() {
		return "-"
	}
	return duration.HumanDuration(time.Since(created))
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// printWhy explains, below the table, what is not ready.
func printWhy(report status.Report, out io.Writer) {
	for _, workload := range report.Workloads {
		if len(workload.Findings) == 0 {
			continue
		}
		ref := event.Object{Kind: workload.Kind, Namespace: workload.Namespace, Name: workload.Name}
		fmt.Fprintf(out, "\n%s\n", progress.Printable(shortName(ref, report.Namespace)+" is not ready:"))
		for _, finding := range workload.Findings {
			for _, line := range progress.Explanation(finding.Display()) {
				fmt.Fprintln(out, "  "+progress.Printable(line))
			}
		}
	}
}
