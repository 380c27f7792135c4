// Package file reads manifests that users bring: files, directories, globs,
// URLs, standard input and kustomizations, as kubectl's -f, -k and -R do.
// Unlike kubectl's reader it needs no cluster to read an object, and it knows
// the document and the line that an object stands in.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// maxBytes bounds one file, download or standard input. The largest demo
// manifest that Istio released is 1.4 MB.
const maxBytes = 64 << 20

// extensions are those that kubectl reads from a directory
// (k8s.io/cli-runtime/pkg/resource.FileExtensions).
var extensions = []string{".json", ".yaml", ".yml"}

// Options says what to read, in the words of kubectl's flags. Either Filenames
// or Kustomize is given.
type Options struct {
	// Filenames are paths, globs, URLs, or "-" for In.
	Filenames []string
	// Kustomize is a directory with a kustomization.
	Kustomize string
	// Recursive reads the directories below a directory, too.
	Recursive bool
	// AllowHTTP takes URLs that are not encrypted.
	AllowHTTP bool
	// Strict refuses two objects in one document.
	Strict bool
	In     io.Reader
	// Client downloads; nil means http.DefaultClient.
	Client *http.Client
}

// Read returns what was read, the objects in the order of the arguments, the
// files of a directory by name. Of a directory .json, .yaml and .yml count, as
// with kubectl. No file, URL or standard input may have more than 64 MiB. An
// argument that holds no object is an error. Errors name the file or URL and,
// where something is wrong in it, the document and the line; URLs are named
// without what redact.URL leaves out.
func Read(ctx context.Context, options Options) (manifest.Content, error) {
	if options.Kustomize != "" {
		return options.kustomize(ctx)
	}
	if stdin := slices.Index(options.Filenames, "-"); stdin >= 0 && slices.Contains(options.Filenames[stdin+1:], "-") {
		return manifest.Content{}, errors.New("-f - was given twice; standard input can be read only once")
	}
	var content manifest.Content
	for _, name := range options.Filenames {
		found, err := options.argument(ctx, name)
		if err != nil {
			return manifest.Content{}, err
		}
		if len(found.Objects) == 0 {
			return manifest.Content{}, fmt.Errorf("%s: no objects found; is it the right file?", Name(name))
		}
		content.Add(found)
	}
	return content, nil
}

// Name returns what an argument of -f or -k is called in messages: a URL as
// redact.URL gives it, and "stdin" for "-".
func Name(argument string) string {
	if argument == "-" {
		return "stdin"
	}
	return redact.URL(argument)
}

// argument reads what one -f names.
func (o Options) argument(ctx context.Context, name string) (manifest.Content, error) {
	paths := []string{name}
	if name != "-" && !isURL(name) {
		var err error
		if paths, err = o.expand(name); err != nil {
			return manifest.Content{}, err
		}
	}
	var content manifest.Content
	for _, path := range paths {
		data, err := Bytes(ctx, o, path)
		if err != nil {
			return manifest.Content{}, err
		}
		found, err := decode.Decode(Name(path), data, o.Strict)
		if isKustomization(path) && (err != nil || slices.ContainsFunc(found.Objects, configuresKustomize)) {
			return manifest.Content{}, fmt.Errorf("%s is a kustomization, not a manifest; use -k with its directory instead of -f", Name(path))
		}
		if err != nil {
			return manifest.Content{}, err
		}
		content.Add(found)
	}
	return content, nil
}

// configuresKustomize tells a kustomization that was given a name.
func configuresKustomize(object manifest.Object) bool {
	return object.GroupVersionKind().Group == "kustomize.config.k8s.io"
}

// Bytes reads one file, URL, or "-" for standard input, within the bounds that
// Read has. Its errors name it as Name does.
func Bytes(ctx context.Context, options Options, name string) ([]byte, error) {
	switch {
	case name == "-":
		return readAll(options.In, Name(name))
	case isURL(name):
		return options.download(ctx, name)
	}
	return readPath(name)
}

func isURL(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// expand returns the files that a path, a directory or a glob stands for.
func (o Options) expand(name string) ([]string, error) {
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return o.existing(name)
	}
	// A path that exists is itself, whatever it would match.
	matches, err := filepath.Glob(name)
	if err != nil || len(matches) == 0 {
		return nil, notThere(name)
	}
	var paths []string
	for _, match := range matches {
		more, err := o.existing(match)
		if err != nil {
			return nil, err
		}
		paths = append(paths, more...)
	}
	return paths, nil
}

// existing returns the files of a directory, or the file itself.
func (o Options) existing(name string) ([]string, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notThere(name)
	case err != nil:
		return nil, fmt.Errorf("cannot read the path %q: %w", redact.URL(name), cause(err))
	case info.IsDir():
		return o.directory(name)
	}
	return []string{name}, nil
}

func notThere(name string) error { return fmt.Errorf("the path %q does not exist", redact.URL(name)) }

// directory returns the manifests of a directory, sorted.
func (o Options) directory(name string) ([]string, error) {
	// WalkDir does not follow a link, but the path behind it.
	name = filepath.Clean(name) + string(filepath.Separator)
	var paths []string
	err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("cannot read the path %q: %w", path, cause(err))
		case entry.IsDir() && path != name && !o.Recursive:
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, filepath.Ext(path)):
			paths = append(paths, path)
		}
		return nil
	})
	if err == nil && len(paths) == 0 {
		remedy := ""
		if !o.Recursive {
			remedy = "; use -R to read the directories below it"
		}
		err = fmt.Errorf("the directory %q has no %s file%s", filepath.Clean(name), strings.Join(extensions, ", "), remedy)
	}
	return paths, err
}

func readPath(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notThere(path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the path %q: %w", path, cause(err))
	}
	defer file.Close()
	return readAll(file, path)
}

// readAll reads at most maxBytes.
func readAll(in io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, cause(err))
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%s is larger than %d MiB; split it", name, maxBytes>>20)
	}
	return data, nil
}

// cause leaves out the path that the message around it has already named.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
