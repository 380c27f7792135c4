package chart

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"istio.io/istio/manifests"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// crdFile holds all of Istio's CRDs; crdTemplate only emits them again, and
// takes several times as long for it as reading them does.
var (
	crdFile     = path.Join("charts", baseChart, "files/crd-all.gen.yaml")
	crdTemplate = path.Join("charts", baseChart, "templates/crds.yaml")
)

func isCRDFile(file string) bool { return file == crdFile || file == crdTemplate }

// crds returns what the base chart's CRD template would: Istio's CRDs with the
// labels that all of its objects have.
func crds(values map[string]any) ([]manifest.Object, error) {
	if !clusterScoped(values) {
		return nil, nil
	}
	data, err := fs.ReadFile(manifests.FS, crdFile)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", baseChart, err)
	}
	content, err := decode.Decode("chart base/files/crd-all.gen.yaml", data, true)
	if err != nil {
		return nil, err
	}
	objects := content.Objects
	if !lookup(values, true, "base", "enableCRDTemplates") {
		return objects, nil
	}
	excluded, err := excludedCRDs(values)
	if err != nil {
		return nil, err
	}
	objects = slices.DeleteFunc(objects, func(object manifest.Object) bool {
		return slices.Contains(excluded, any(object.GetName()))
	})
	for _, object := range objects {
		object.SetLabels(map[string]string{
			"app.kubernetes.io/instance":   releaseName,
			"app.kubernetes.io/managed-by": managedBy,
			"app.kubernetes.io/part-of":    "istio",
			"app.kubernetes.io/version":    Version,
			"helm.sh/chart":                baseChart + "-" + Version,
		})
	}
	return objects, nil
}

// clusterScoped reports whether the objects outside of namespaces are wanted.
func clusterScoped(values map[string]any) bool {
	scope := lookup(values, "all", "global", "resourceScope")
	return scope == "all" || scope == "cluster"
}

// excludedCRDs are the names that the user does not want.
func excludedCRDs(values map[string]any) ([]any, error) {
	names := lookup[any](values, nil, "base", "excludedCRDs")
	if names == nil {
		return nil, nil
	}
	excluded, ok := names.([]any)
	if !ok {
		return nil, errors.New("base.excludedCRDs must be a list: base.excludedCRDs={envoyfilters.networking.istio.io}")
	}
	return excluded, nil
}
