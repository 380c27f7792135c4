// Assemble makes images of folders:
//
//	assemble -roots ROOTS -out OUT < references
//
// Each line it reads is the reference of an image, whose last part chooses the
// recipe, and each recipe lists the folders in ROOTS that are its layers. OUT
// becomes an OCI layout with all of the images; what a node has to have before
// it can pull is there as an archive of its own, too.
//
// What comes out depends on what is in the folders only, not on when or where
// it is made.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	roots := flag.String("roots", "", "the folder that has a folder for each layer")
	out := flag.String("out", "", "the folder to write into")
	flag.Parse()
	references, err := read(os.Stdin)
	if err == nil {
		err = assemble(*roots, *out, references)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "assemble:", err)
		os.Exit(1)
	}
}

// read returns the lines of a list that are not empty.
func read(from io.Reader) ([]string, error) {
	var references []string
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			references = append(references, line)
		}
	}
	return references, lines.Err()
}

// assemble writes the images of the references into a folder.
func assemble(roots, out string, references []string) error {
	folder, err := layout.Write(out, empty.Index)
	if err != nil {
		return err
	}
	layers := layerCache{roots: roots, made: map[string]v1.Layer{}}
	for _, reference := range references {
		tag, err := name.NewTag(reference)
		if err != nil {
			return err
		}
		known, found := recipes[path.Base(tag.RepositoryStr())]
		if !found {
			return fmt.Errorf("there is no recipe for %s; write one", reference)
		}
		image, err := known.cook(&layers)
		if err != nil {
			return fmt.Errorf("%s: %w", reference, err)
		}
		if err := folder.AppendImage(image, layout.WithAnnotations(map[string]string{
			"io.containerd.image.name":          reference,
			"org.opencontainers.image.ref.name": reference,
		})); err != nil {
			return fmt.Errorf("%s: %w", reference, err)
		}
		if known.archive {
			file := filepath.Join(out, path.Base(tag.RepositoryStr())+".tar")
			if err := tarball.WriteToFile(file, tag, image); err != nil {
				return fmt.Errorf("%s: %w", reference, err)
			}
		}
		size, err := weigh(image)
		if err != nil {
			return err
		}
		fmt.Printf("%6.1f MB %s\n", float64(size)/1e6, reference)
	}
	return nil
}

// cook makes the image of a recipe.
func (r recipe) cook(layers *layerCache) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, root := range r.layers {
		layer, err := layers.get(root)
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	if r.padding > 0 {
		layer, err := padding(r.padding)
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{
		User:       r.user,
		Entrypoint: r.entrypoint,
		Cmd:        r.arguments,
		Env:        append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, r.env...),
		WorkingDir: r.folder,
	}
	return mutate.ConfigFile(image, config)
}

// weigh returns how many bytes a node pulls that has nothing of the image.
func weigh(image v1.Image) (int64, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, err
	}
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size, nil
}
