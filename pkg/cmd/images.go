package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/sample"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

func newImages(cluster *connection, streams genericiooptions.IOStreams) *cobra.Command {
	var from source
	var archs, samples bool
	command := &cobra.Command{
		Use:   "images",
		Short: "Print the images that install needs",
		Long: paragraphs(`
			Print the images that an install with the same flags needs, sorted, one per
			line: those of the pods, the addons, and the sidecars that istiod injects. No
			cluster is needed.`),
		Example: examples(`
			# List the images to mirror
			kubectl istio-demo images

			# List the images of another manifest
			kubectl istio-demo images -f istio-demo.yaml

			# Include the architectures of each image
			kubectl istio-demo images --archs`),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			for _, err := range []error{from.validate(), cluster.checkNamespace()} {
				if err != nil {
					return err
				}
			}
			from.releaseSignals(cluster)
			if err := from.complete(command.Context(), streams.In); err != nil {
				return err
			}
			read, err := from.read(command.Context(), streams.In, *cluster.Namespace)
			if err != nil {
				return &manifest.InputError{Err: err}
			}
			if samples {
				pulled, err := sampleImages(from.hub)
				if err != nil {
					return err
				}
				read.Injected = append(read.Injected, pulled...)
			}
			read = read.Installable()
			if err := read.CheckImages(); err != nil {
				return err
			}
			return printImages(read, archs, streams.Out)
		},
	}
	from.addFlags(command)
	command.Flags().BoolVar(&archs, "archs", false, "Also print the architectures of each image, if known")
	command.Flags().BoolVar(&samples, "samples", false, "Also print the images of all samples")
	return command
}

// sampleImages returns what the pods of all samples would pull.
func sampleImages(hub string) ([]string, error) {
	var images []string
	for _, name := range sample.Names() {
		pulled, err := sample.Images(sample.Options{Name: name, Hub: hub})
		if err != nil {
			return nil, err
		}
		images = append(images, pulled...)
	}
	return images, nil
}

// printImages prints the names alone, which scripts want, or a table.
func printImages(read manifest.Manifest, archs bool, out io.Writer) error {
	if !archs {
		for _, image := range read.Images() {
			fmt.Fprintln(out, progress.Printable(image))
		}
		return nil
	}
	built := strings.Join(read.Architectures, ",")
	if built == "" {
		built = "<unknown>"
	}
	table := progress.Table{{"IMAGE", "ARCHS"}}
	for _, image := range read.Images() {
		table.Row(image, built)
	}
	return printTable(table, out)
}
