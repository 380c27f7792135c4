package main

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// epoch is when every file of a layer was changed.
var epoch = time.Unix(0, 0)

// layerCache has the layers that were made already: several images have the
// same one, which is compressed once.
type layerCache struct {
	roots string
	made  map[string]v1.Layer
}

// get returns the layer of a folder.
func (c *layerCache) get(root string) (v1.Layer, error) {
	if layer, known := c.made[root]; known {
		return layer, nil
	}
	layer, err := layerOf(func(to *tar.Writer) error { return pack(to, filepath.Join(c.roots, root)) })
	if err == nil {
		c.made[root] = layer
	}
	return layer, err
}

// layerOf returns the layer that write fills.
func layerOf(write func(to *tar.Writer) error) (v1.Layer, error) {
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		from, to := io.Pipe()
		go func() {
			archive := tar.NewWriter(to)
			err := write(archive)
			if err == nil {
				err = archive.Close()
			}
			to.CloseWithError(err)
		}()
		return from, nil
	}, tarball.WithCompressedCaching, tarball.WithMediaType(types.OCILayer))
}

// pack writes what is in a folder, in the order of the names.
func pack(to *tar.Writer, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return packOne(to, path, name, info)
	})
}

// packOne writes one file. Whoever built it owns nothing in the image, and the
// umask that it was built under has no say: what anybody may run, everybody may.
func packOne(to *tar.Writer, path, name string, info fs.FileInfo) error {
	header := &tar.Header{Name: name, ModTime: epoch, Mode: 0o644, Format: tar.FormatPAX}
	switch mode := info.Mode(); {
	case mode.IsDir():
		header.Name += "/"
		header.Typeflag, header.Mode = tar.TypeDir, 0o755
		if mode&fs.ModeSticky != 0 {
			header.Mode = 0o1777
		}
	case mode&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, target, 0o777
	case mode.IsRegular():
		header.Typeflag, header.Size = tar.TypeReg, info.Size()
		if mode&0o111 != 0 {
			header.Mode = 0o755
		}
	default:
		return fmt.Errorf("%s is %s, which no layer here needs", path, mode.Type())
	}
	if err := to.WriteHeader(header); err != nil || header.Typeflag != tar.TypeReg {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(to, file)
	return err
}

// padding returns a layer of so many bytes that do not get smaller.
func padding(size int64) (v1.Layer, error) {
	return layerOf(func(to *tar.Writer) error {
		header := &tar.Header{Name: "padding", ModTime: epoch, Mode: 0o644, Size: size, Typeflag: tar.TypeReg}
		if err := to.WriteHeader(header); err != nil {
			return err
		}
		var seed [32]byte
		copy(seed[:], fmt.Sprint("padding of ", size))
		_, err := io.CopyN(to, rand.NewChaCha8(seed), size)
		return err
	})
}
