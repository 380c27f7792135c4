package cmd

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/file"
)

// userValues are the flags --set and --values, and what is in them.
type userValues struct {
	set       []string
	files     []string
	unchecked bool
	// merged is empty until they are read.
	merged map[string]any
}

func (v *userValues) addFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&v.set, "set", nil, "Set a value of Istio's charts, as in Helm: key=value (repeatable)")
	flags.StringArrayVar(&v.files, "values", nil, "Read values of Istio's charts from a YAML file, a URL, or - for stdin (repeatable)")
	flags.BoolVar(&v.unchecked, "skip-schema-validation", false, "Accept values that Istio's charts do not have, and values of other types")
}

func (v *userValues) given() bool { return len(v.set) > 0 || len(v.files) > 0 }

// read merges the files and the assignments, and refuses values that no chart
// has. It does not wait for standard input when the context has ended.
func (v *userValues) read(ctx context.Context, options file.Options) error {
	if !v.given() {
		return nil
	}
	type outcome struct {
		merged map[string]any
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		merged, err := v.merge(ctx, options)
		done <- outcome{merged, err}
	}()
	select {
	case found := <-done:
		if found.err != nil {
			return cluster.CauseOf(ctx, &manifest.InputError{Err: found.err})
		}
		v.merged = found.merged
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (v *userValues) merge(ctx context.Context, options file.Options) (map[string]any, error) {
	var files []chart.ValuesFile
	for _, name := range v.files {
		data, err := file.Bytes(ctx, options, name)
		if err != nil {
			return nil, err
		}
		files = append(files, chart.ValuesFile{Name: file.Name(name), Data: data})
	}
	if !v.unchecked {
		if err := chart.CheckValues(files, v.set); err != nil {
			return nil, err
		}
	}
	return chart.MergeValues(files, v.set)
}
