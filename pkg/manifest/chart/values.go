package chart

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
	"istio.io/istio/manifests"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/values"
)

// demoValues returns the one tree of values that every chart is rendered with:
// Istio's default profile, the demo profile above it, the release, and the
// user's values above all.
func demoValues(options Options) (map[string]any, error) {
	values := map[string]any{}
	for _, profile := range []string{"default", "demo"} {
		own, err := profileValues(profile)
		if err != nil {
			return nil, err
		}
		values = loader.MergeMaps(values, own)
	}
	hub, tag := options.Hub, options.Tag
	if hub == "" {
		hub = Hub
	}
	if tag == "" {
		tag = Version
	}
	values = loader.MergeMaps(values, map[string]any{
		"global": map[string]any{"hub": hub, "tag": tag, "istioNamespace": options.Namespace},
		// Which components are installed is known to all charts by these.
		"pilot": map[string]any{"enabled": true, "cni": map[string]any{"enabled": false}},
	})
	if options.Namespace != usualNamespace {
		providers, err := providersIn(options.Namespace)
		if err != nil {
			return nil, err
		}
		values = loader.MergeMaps(values, map[string]any{"meshConfig": map[string]any{"extensionProviders": providers}})
	}
	if own := lookup(options.Values, options.Namespace, "global", "istioNamespace"); own != options.Namespace {
		return nil, fmt.Errorf("global.istioNamespace is %q but the namespace is %q; set the namespace with --namespace only", own, options.Namespace)
	}
	return loader.MergeMaps(values, clone(options.Values)), nil
}

// usualNamespace is where Istio's profiles take it to be.
const usualNamespace = "istio-system"

// providersIn returns the providers of traces and logs that the demo profile
// names. It takes those that come with the demo to be in the usual namespace;
// here they are where the demo is.
func providersIn(namespace string) ([]any, error) {
	const profile = "charts/istio-control/istio-discovery/files/profile-demo.yaml"
	data, err := fs.ReadFile(manifests.FS, profile)
	if err != nil {
		return nil, err
	}
	here := strings.ReplaceAll(string(data), "."+usualNamespace+".svc.", "."+namespace+".svc.")
	var values map[string]any
	if err := yaml.Unmarshal([]byte(here), &values); err != nil {
		return nil, fmt.Errorf("%s: %w", profile, err)
	}
	return lookup(values, []any{}, "meshConfig", "extensionProviders"), nil
}

// ValuesFile is what --values names: YAML, and a name for messages.
type ValuesFile struct {
	Name string
	Data []byte
}

// MergeValues merges the files in their order and the assignments
// ("pilot.traceSampling=10") above them, as Helm does with --values and --set.
// Without any it gives an empty map. Its errors name the file or the flag.
func MergeValues(files []ValuesFile, assignments []string) (map[string]any, error) {
	merged := map[string]any{}
	for _, file := range files {
		own, err := file.read()
		if err != nil {
			return nil, err
		}
		merged = loader.MergeMaps(merged, own)
	}
	if err := assign(assignments, merged); err != nil {
		return nil, err
	}
	return merged, nil
}

// Overlay returns values with others above them, as Helm does with --reuse-values:
// maps are merged, and lists replaced. Neither is changed.
func Overlay(values, above map[string]any) map[string]any {
	return loader.MergeMaps(clone(values), clone(above))
}

// CheckValues looks for values in the files and assignments that Istio's charts
// do not have, and for those of a wrong type. Its error has a line for each, with
// the file or the flag, and what may be meant.
func CheckValues(files []ValuesFile, assignments []string) error {
	var wrong []error
	look := func(where string, own map[string]any) error {
		lines, err := values.Check(own)
		for _, line := range lines {
			wrong = append(wrong, fmt.Errorf("%s %s", where, line))
		}
		return err
	}
	for _, file := range files {
		own, err := file.read()
		if err == nil {
			err = look("--values "+file.Name+":", own)
		}
		if err != nil {
			return err
		}
	}
	own := map[string]any{}
	if err := assign(assignments, own); err != nil {
		return err
	}
	if err := look("--set", own); err != nil {
		return err
	}
	return errors.Join(wrong...)
}

func (f ValuesFile) read() (map[string]any, error) {
	if _, err := decode.Expansion(f.Name, f.Data); err != nil {
		return nil, fmt.Errorf("--values %w", err)
	}
	var own map[string]any
	if err := yaml.Unmarshal(f.Data, &own); err != nil {
		return nil, fmt.Errorf("--values %s: not a YAML mapping of values: %s", f.Name, decode.Cause(err))
	}
	return own, nil
}

// assign makes assignments to values.
func assign(assignments []string, to map[string]any) error {
	for _, assignment := range assignments {
		if err := strvals.ParseInto(assignment, to); err != nil {
			return fmt.Errorf("--set %s: %s; write it as key=value", inOneLine(assignment), inOneLine(err.Error()))
		}
	}
	return nil
}

func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// profileValues reads spec.values of one of Istio's profiles.
func profileValues(name string) (map[string]any, error) {
	data, err := fs.ReadFile(manifests.FS, "profiles/"+name+".yaml")
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", name, err)
	}
	var profile struct {
		Spec struct {
			Values map[string]any `json:"values"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(data, &profile); err != nil {
		return nil, fmt.Errorf("profile %s: %w", name, err)
	}
	return profile.Spec.Values, nil
}

// lookup returns the value at a path, or otherwise where there is none of its
// type.
func lookup[T any](values map[string]any, otherwise T, path ...string) T {
	var at any = values
	for _, key := range path {
		level, ok := at.(map[string]any)
		if !ok {
			return otherwise
		}
		at = level[key]
	}
	if found, ok := at.(T); ok {
		return found
	}
	return otherwise
}

func clone(values map[string]any) map[string]any {
	return runtime.DeepCopyJSON(values)
}
