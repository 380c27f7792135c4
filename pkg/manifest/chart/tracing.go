package chart

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// traceTo makes a provider the mesh's default for traces, unless the user's
// values have one. A Telemetry in the root namespace would do the same, but istiod
// takes only one of these: it would keep the user's own from having an effect.
//
// It is not among the values, because the charts leave out their own default
// providers, such as that of metrics, where the values name any.
//
// Values that list providers replace the list of the demo profile. The provider
// stays in it, or the default would name none, and no proxy would send a span.
func (r *Rendered) traceTo(provider, namespace string) error {
	for _, object := range r.Objects {
		text, found, _ := unstructured.NestedString(object.Object, "data", "mesh")
		if object.GetKind() != "ConfigMap" || !found {
			continue
		}
		var mesh map[string]any
		if err := yaml.Unmarshal([]byte(text), &mesh); err != nil {
			return fmt.Errorf("mesh configuration: %w", err)
		}
		if providers := lookup(mesh, map[string]any{}, "defaultProviders"); providers["tracing"] == nil {
			providers["tracing"], mesh["defaultProviders"] = []any{provider}, providers
			if err := keepProvider(mesh, provider, namespace); err != nil {
				return err
			}
		}
		marshalled, err := yaml.Marshal(mesh)
		if err != nil {
			return fmt.Errorf("mesh configuration: %w", err)
		}
		if err := unstructured.SetNestedField(object.Object, string(marshalled), "data", "mesh"); err != nil {
			return err
		}
	}
	return nil
}

// keepProvider adds a provider of the demo profile to a mesh configuration that
// has none of that name.
func keepProvider(mesh map[string]any, name, namespace string) error {
	named := func(provider any) bool {
		fields, _ := provider.(map[string]any)
		return fields["name"] == name
	}
	own := lookup(mesh, []any{}, "extensionProviders")
	if slices.ContainsFunc(own, named) {
		return nil
	}
	profile, err := providersIn(namespace)
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(profile, named); at >= 0 {
		mesh["extensionProviders"] = append(own, profile[at])
	}
	return nil
}
