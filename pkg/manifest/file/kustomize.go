package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// kustomize builds a kustomization with kubectl's defaults: plugins and Helm
// off; a kustomization's files must lie below its own directory, also behind
// links; its bases may be other directories, for one that was fetched those of
// its own repository. kustomize itself fetches nothing: a tree brings it what
// lies elsewhere. A context that ends ends the build where it next reads a file.
func (o Options) kustomize(ctx context.Context) (manifest.Content, error) {
	name := redact.URL(o.Kustomize)
	t := newTree(ctx, o)
	defer t.remove()
	dir, err := t.start(o.Kustomize)
	if err != nil {
		return manifest.Content{}, err
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(t, dir)
	if t.refused != nil {
		err = t.refused // kustomize may have tried something else after it
	}
	if err != nil {
		return manifest.Content{}, t.notBuilt(name, err)
	}
	data, err := built.AsYaml()
	if err != nil {
		return manifest.Content{}, t.notBuilt(name, err)
	}
	content, err := decode.Decode("kustomization "+name, data, o.Strict)
	if err == nil && len(content.Objects) == 0 {
		err = fmt.Errorf("the kustomization in %s has no objects", name)
	}
	return content, err
}

// start returns the directory of the kustomization that -k names, which may be in
// a repository elsewhere.
func (t *tree) start(argument string) (string, error) {
	info, err := os.Stat(argument)
	switch {
	case err == nil && info.IsDir():
		return filepath.Abs(argument)
	case err == nil:
		return "", fmt.Errorf("-k requires a directory, but %q is a file; use -f", argument)
	case !remotely.MatchString(argument):
		return "", notThere(argument)
	}
	from, err := parseRepository(argument, t.options.AllowHTTP)
	if err != nil {
		return "", fmt.Errorf("-k %s: %w", redact.URL(argument), err)
	}
	return t.cloned(from)
}

// notBuilt returns what kustomize says in one line. Of keys that come twice,
// which are errors to it, it has a line each. What was fetched is named by where
// it came from.
func (t *tree) notBuilt(name string, err error) error {
	if t.ctx.Err() != nil {
		return fmt.Errorf("cannot build the kustomization in %s: %w", name, context.Cause(t.ctx))
	}
	return fmt.Errorf("cannot build the kustomization in %s: %s", name, t.naming(strings.Join(strings.Fields(err.Error()), " ")))
}
