package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// tree makes a folder with one file of each kind.
func tree(t *testing.T, private, public os.FileMode) string {
	t.Helper()
	root := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(root, "layer/usr/bin"), 0o700),
		os.Mkdir(filepath.Join(root, "layer/tmp"), 0o700),
		os.Chmod(filepath.Join(root, "layer/tmp"), os.ModeSticky|0o777),
		os.WriteFile(filepath.Join(root, "layer/usr/bin/program"), []byte("program"), private),
		os.WriteFile(filepath.Join(root, "layer/usr/text"), []byte("text"), public),
		os.Symlink("program", filepath.Join(root, "layer/usr/bin/other")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func layerIn(t *testing.T, root string) v1.Layer {
	t.Helper()
	layer, err := (&layerCache{roots: root, made: map[string]v1.Layer{}}).get("layer")
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// TestLayersAreReproducible builds one twice, at other times and under another
// umask.
func TestLayersAreReproducible(t *testing.T) {
	first := tree(t, 0o700, 0o600)
	second := tree(t, 0o755, 0o644)
	if err := os.Chtimes(filepath.Join(second, "layer/usr/text"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	before, err := layerIn(t, first).Digest()
	if err != nil {
		t.Fatal(err)
	}
	after, err := layerIn(t, second).Digest()
	if err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Errorf("the same files make %s and %s", before, after)
	}
}

// TestLayersHoldEverything reads one back.
func TestLayersHoldEverything(t *testing.T) {
	content, err := layerIn(t, tree(t, 0o700, 0o600)).Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	var found []string
	modes := map[string]int64{}
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, header.Name)
		modes[header.Name] = header.Mode
		if header.Uid != 0 || header.Gid != 0 || !header.ModTime.Equal(epoch) {
			t.Errorf("%s is of %d:%d and of %s", header.Name, header.Uid, header.Gid, header.ModTime)
		}
	}
	if want := []string{"tmp/", "usr/", "usr/bin/", "usr/bin/other", "usr/bin/program", "usr/text"}; !slices.Equal(found, want) {
		t.Errorf("the layer has %q, not %q", found, want)
	}
	for name, mode := range map[string]int64{"tmp/": 0o1777, "usr/": 0o755, "usr/bin/program": 0o755, "usr/text": 0o644} {
		if modes[name] != mode {
			t.Errorf("%s has mode %o, not %o", name, modes[name], mode)
		}
	}
}

// TestPaddingDoesNotShrink is what played images are as heavy by.
func TestPaddingDoesNotShrink(t *testing.T) {
	const bytes = 1 << 20
	layer, err := padding(bytes)
	if err != nil {
		t.Fatal(err)
	}
	if size, err := layer.Size(); err != nil || size < bytes || size > bytes+bytes/100 {
		t.Errorf("%d bytes of padding are %d, %v", bytes, size, err)
	}
}
