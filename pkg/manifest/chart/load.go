package chart

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"istio.io/istio/manifests"
)

// load reads an embedded chart and gives it the release's version, which
// Istio's release build writes into Chart.yaml and the module does not have.
func load(name string) (*helmchart.Chart, error) {
	root := path.Join("charts", name)
	var files []*archive.BufferedFile
	err := fs.WalkDir(manifests.FS, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isCRDFile(file) {
			return err
		}
		data, err := fs.ReadFile(manifests.FS, file)
		if err != nil {
			return err
		}
		files = append(files, &archive.BufferedFile{Name: strings.TrimPrefix(file, root+"/"), Data: data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", name, err)
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", name, err)
	}
	loaded.Metadata.Version = Version
	loaded.Metadata.AppVersion = Version
	return loaded, nil
}
