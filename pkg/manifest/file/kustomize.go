package file

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// kustomize builds a kustomization with kubectl's defaults: plugins off, files
// from below the kustomization's own directory only.
func kustomize(dir string, strict bool) (manifest.Content, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return manifest.Content{}, fmt.Errorf("-k wants a directory and %q is a file; use -f for it", dir)
	} else if err != nil && !strings.Contains(dir, "://") {
		return manifest.Content{}, fmt.Errorf("the path %q does not exist", dir)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return manifest.Content{}, notBuilt(dir, err)
	}
	data, err := built.AsYaml()
	if err != nil {
		return manifest.Content{}, notBuilt(dir, err)
	}
	content, err := manifest.Decode("kustomization "+dir, data, strict)
	if err == nil && len(content.Objects) == 0 {
		err = fmt.Errorf("the kustomization in %s holds no objects", dir)
	}
	return content, err
}

// notBuilt gives what kustomize says in one line. Of keys that come twice,
// which are errors to it, it has a line each.
func notBuilt(dir string, err error) error {
	return fmt.Errorf("cannot build the kustomization in %s: %s", dir, strings.Join(strings.Fields(err.Error()), " "))
}
