package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// maxFetched bounds how much of a kustomization lies elsewhere: each repository
// may name the next one.
const maxFetched = 100

// tree is the file system that kustomize sees: the disk, on which each
// kustomization file reads as if all that it names lay beside it. What is a URL
// in it is fetched here, by the rules of -f, and is a link or a file of the tree;
// everything else begins with ./ and so cannot be taken for a URL. One goroutine
// uses it.
type tree struct {
	filesys.FileSystem
	ctx     context.Context
	options Options
	// temporary is the folder of the clones; it is empty as long as there is none.
	temporary string
	// clones are the roots of fetched repositories, by address and ref.
	clones map[string]string
	// links lead from paths of the tree to folders of the disk, and files are
	// those that were downloaded.
	links map[string]string
	files map[string][]byte
	// sources are the URLs that paths of the tree stand for.
	sources map[string]string
	// kustomizations are the directories whose kustomization file a path is, and
	// plugins are files that configure generators and the like.
	kustomizations map[string]string
	plugins        map[string]bool
	// written are texts that kustomizations have in them: patches, and values of
	// Secrets.
	written   []string
	resources *resmap.Factory
	fetched   int
	// left is how many bytes may still be read.
	left int64
	// refused is the first error that ended the build.
	refused error
}

func newTree(ctx context.Context, options Options) *tree {
	return &tree{
		FileSystem: filesys.MakeFsOnDisk(), ctx: ctx, options: options,
		clones: map[string]string{}, links: map[string]string{}, files: map[string][]byte{}, sources: map[string]string{},
		kustomizations: map[string]string{}, plugins: map[string]bool{},
		resources: resmap.NewFactory(provider.NewDepProvider().GetResourceFactory()),
		left:      maxBytes,
	}
}

// remove deletes what was fetched.
func (t *tree) remove() {
	if t.temporary != "" {
		_ = os.RemoveAll(t.temporary)
	}
}

// CleanedAbs follows links, those of the tree, too. Where kustomize looks for a
// kustomization file it remembers for which directory: the file may be a link.
func (t *tree) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	path = filepath.Clean(path)
	if folder, linked := t.links[path]; linked {
		return filesys.ConfirmedDir(folder), "", nil
	}
	if _, downloaded := t.files[path]; downloaded {
		return filesys.ConfirmedDir(filepath.Dir(path)), filepath.Base(path), nil
	}
	folder, name, err := t.FileSystem.CleanedAbs(path)
	if err == nil && name != "" && isKustomization(path) {
		t.kustomizations[folder.Join(name)] = filepath.Dir(path)
	}
	return folder, name, err
}

func isKustomization(path string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path))
}

// ReadFile reads at most 64 MiB in all, so that neither a file nor a base that
// is named often takes the memory. The first error ends the build: kustomize
// itself would go on to see whether a path is something else.
func (t *tree) ReadFile(path string) ([]byte, error) {
	if t.refused != nil {
		return nil, t.refused
	}
	data, err := t.read(path)
	if err != nil {
		t.refused = err
	}
	return data, err
}

func (t *tree) read(path string) ([]byte, error) {
	if t.ctx.Err() != nil {
		return nil, context.Cause(t.ctx)
	}
	data, downloaded := t.files[path]
	if !downloaded {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a file", path)
		}
		if data, err = readPath(path); err != nil {
			return nil, err
		}
	}
	root, isKustomization := t.kustomizations[path]
	// What is no YAML is no matter here; it may be data.
	expansion, err := decode.Expansion(path, data)
	if err != nil && (isKustomization || errors.Is(err, decode.ErrExpansion)) {
		return nil, err
	}
	if t.left -= int64(len(data)) + expansion; t.left < 0 {
		return nil, fmt.Errorf("more than %d MiB of input", maxBytes>>20)
	}
	if isKustomization {
		return t.local(path, root, data)
	}
	if t.plugins[path] {
		if err := t.checkPlugin(data); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return data, nil
}

// another counts what is fetched.
func (t *tree) another() error {
	if t.fetched++; t.fetched > maxFetched {
		return fmt.Errorf("more than %d remote files and repositories", maxFetched)
	}
	return nil
}

// fetch brings what a kustomization in a directory names by URL, and gives the
// path by which kustomize finds it.
func (t *tree) fetch(root, entry string, wanted kind) (string, error) {
	path := t.pathFor(root, entry)
	if t.sources[path] == "" {
		if err := t.bring(path, entry, wanted); err != nil {
			return "", err
		}
		t.sources[path] = entry
	}
	relative, err := filepath.Rel(root, path)
	return "./" + filepath.ToSlash(relative), err
}

// bring makes a path of the tree of what a URL leads to: a file, or a folder of a
// repository. Of a resource that can be either it is a file if it can be
// downloaded and holds objects, as kustomize has it.
func (t *tree) bring(path, entry string, wanted kind) error {
	from, notOne := parseRepository(entry, t.options.AllowHTTP)
	switch {
	case isURL(entry) && errors.Is(notOne, errOnlyFile):
	case notOne != nil && (isURL(entry) || wanted.isFolder()):
		return notOne
	}
	var notFile error
	if !wanted.isFolder() || wanted.isFile() && isURL(entry) && !from.marked {
		data, err := t.downloadFile(entry)
		if err == nil && wanted.isFolder() {
			_, err = t.objects(data)
		}
		if err == nil {
			t.files[path] = data
			return nil
		}
		if notFile = err; !wanted.isFolder() || notOne != nil || t.ctx.Err() != nil {
			return err
		}
	}
	if notOne != nil {
		return notOne
	}
	folder, err := t.cloned(from)
	if err != nil && notFile != nil && t.ctx.Err() == nil {
		return fmt.Errorf("%w; not a file either: %w", err, notFile)
	}
	if err == nil {
		t.links[path] = folder
	}
	return err
}

// downloadFile gets a URL by the rules of -f.
func (t *tree) downloadFile(entry string) ([]byte, error) {
	if !isURL(entry) {
		return nil, errors.New("not a path and not an https:// URL")
	}
	if err := t.another(); err != nil {
		return nil, err
	}
	return t.options.download(t.ctx, entry)
}

// pathFor returns the path of the tree that stands for a URL, which reads like it.
func (t *tree) pathFor(root, entry string) string {
	name := strings.NewReplacer("://", "/", ":", "/", "=", "_").Replace(redact.URL(entry))
	path := filepath.Join(root, filepath.FromSlash(clean(name)))
	for {
		if source, taken := t.sources[path]; !taken || source == entry {
			return path
		}
		path += "_"
	}
}

// repositoryOf returns the root of the fetched repository that a path lies in.
func (t *tree) repositoryOf(path string) string {
	for _, root := range t.clones {
		if inside(path, root) {
			return root
		}
	}
	return ""
}

// repeated is where kustomize repeats all that it was given.
var repeated = regexp.MustCompile("(with config: )`.*`|(literal sources )\\[.*\\]|(invalid literal source ).*(, expected)|(invalid utf8 bytes : ).*|(\\[patch: )\".*\"|(cannot decode [!a-z]+ )`.*`|(anchor )'[^']*'")

// naming returns a line of kustomize's without what was written into kustomizations,
// which may be secret, and in which folders of clones have the names of their
// repositories.
func (t *tree) naming(text string) string {
	text = repeated.ReplaceAllString(text, "$1$2$3$5$6$7$8...$4")
	for _, written := range t.written {
		text = strings.ReplaceAll(text, written, "...")
	}
	for key, root := range t.clones {
		address, _, _ := strings.Cut(key, "\x00")
		text = strings.ReplaceAll(text, root, redact.URL(address))
	}
	return redact.Text(text)
}
