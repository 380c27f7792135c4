//lint:file-ignore SA1019 A kustomization may still have the old fields, and kustomize reads them.

package file

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// kind is what an entry of a kustomization may name.
type kind int

const (
	// oneFile is a file, keyedFile one that may have a key in front of it.
	oneFile kind = iota
	keyedFile
	// oneFolder holds a kustomization; resource is a file or a folder.
	oneFolder
	resource
	// patch is a file, or is written out; so is plugin, of which a file is
	// looked into, too.
	patch
	plugin
)

func (k kind) isFile() bool   { return k != oneFolder }
func (k kind) isFolder() bool { return k == oneFolder || k == resource }

// reference is an entry that kustomize loads.
type reference struct {
	field string
	at    *string
	kind  kind
}

// references returns everything that kustomize would load for a kustomization. A
// test holds it against the fields that there are.
func references(k *types.Kustomization) []reference {
	var all []reference
	add := func(field string, kind kind, entries []string) {
		for i := range entries {
			all = append(all, reference{field, &entries[i], kind})
		}
	}
	add("resources", resource, k.Resources)
	add("bases", resource, k.Bases)
	add("components", oneFolder, k.Components)
	add("crds", oneFile, k.Crds)
	add("configurations", oneFile, k.Configurations)
	add("generators", plugin, k.Generators)
	add("transformers", plugin, k.Transformers)
	add("validators", plugin, k.Validators)
	sources := func(field string, from *types.KvPairSources) {
		add(field+".files", keyedFile, from.FileSources)
		add(field+".envs", oneFile, from.EnvSources)
		all = append(all, reference{field + ".env", &from.EnvSource, oneFile})
	}
	for i := range k.ConfigMapGenerator {
		sources("configMapGenerator", &k.ConfigMapGenerator[i].KvPairSources)
	}
	for i := range k.SecretGenerator {
		sources("secretGenerator", &k.SecretGenerator[i].KvPairSources)
	}
	for i := range k.Patches {
		all = append(all, reference{"patches.path", &k.Patches[i].Path, oneFile})
	}
	for i := range k.PatchesJson6902 {
		all = append(all, reference{"patchesJson6902.path", &k.PatchesJson6902[i].Path, oneFile})
	}
	for i := range k.PatchesStrategicMerge {
		all = append(all, reference{"patchesStrategicMerge", (*string)(&k.PatchesStrategicMerge[i]), patch})
	}
	for i := range k.Replacements {
		all = append(all, reference{"replacements.path", &k.Replacements[i].Path, oneFile})
	}
	return all
}

// local returns a kustomization file of a directory as one that names nothing
// elsewhere. What it names there is fetched.
func (t *tree) local(file, root string, data []byte) ([]byte, error) {
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if k.CheckEmpty() != nil {
		return nil, nil // of which kustomize says that it is empty
	}
	if len(k.HelmCharts) > 0 || len(k.HelmChartInflationGenerator) > 0 {
		return nil, fmt.Errorf("%s: helmCharts: charts are not rendered; add the output of helm template under resources", file)
	}
	for _, one := range append(k.Patches, k.PatchesJson6902...) {
		if _, err := decode.Expansion("text", []byte(one.Patch)); errors.Is(err, decode.ErrExpansion) {
			return nil, fmt.Errorf("%s: patches.patch: %w", file, err)
		}
	}
	t.remember(&k)
	all := references(&k)
	schema, named := k.OpenAPI["path"]
	if named {
		all = append(all, reference{"openapi.path", &schema, oneFile})
	}
	for _, one := range all {
		if *one.at == "" {
			continue
		}
		found, err := t.resolve(root, *one.at, one.kind)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %q: %w", file, one.field, inMessages(*one.at), err)
		}
		*one.at = found
	}
	if named {
		k.OpenAPI["path"] = schema
	}
	// It says nothing, but a file with resources: [] alone would be empty.
	if k.GeneratorOptions == nil {
		k.GeneratorOptions = &types.GeneratorOptions{}
	}
	return yaml.Marshal(k)
}

// remember keeps what is written out in a kustomization and must not be repeated.
func (t *tree) remember(k *types.Kustomization) {
	add := func(text string) {
		// One that is short is in many words.
		if text = strings.Join(strings.Fields(text), " "); len(text) > 5 {
			t.written = append(t.written, text)
		}
	}
	for _, secret := range k.SecretGenerator {
		for _, literal := range secret.LiteralSources {
			_, value, _ := strings.Cut(literal, "=")
			add(literal)
			add(value)
		}
	}
	for _, patch := range append(k.Patches, k.PatchesJson6902...) {
		add(patch.Patch)
	}
	for _, patch := range k.PatchesStrategicMerge {
		if strings.Contains(string(patch), "\n") {
			add(string(patch))
		}
	}
	for _, plugin := range slices.Concat(k.Generators, k.Transformers, k.Validators) {
		if strings.Contains(plugin, "\n") {
			add(plugin)
		}
	}
	slices.SortFunc(t.written, func(a, b string) int { return len(b) - len(a) })
}

// inMessages returns what an entry is called in messages; one that is written out is
// called by its first line.
func inMessages(entry string) string {
	first, _, more := strings.Cut(strings.TrimSpace(entry), "\n")
	if more {
		first += " ..."
	}
	if remotely.MatchString(first) {
		first, _, _ = strings.Cut(first, "?")
	}
	return redact.URL(first)
}

// resolve returns an entry that cannot be taken for a URL.
func (t *tree) resolve(root, entry string, wanted kind) (string, error) {
	if wanted == patch || wanted == plugin {
		found, err := t.objects([]byte(entry))
		if errors.Is(err, decode.ErrExpansion) {
			return "", err
		}
		if err == nil && found.Size() > 0 {
			if wanted == plugin {
				err = t.checkPlugin([]byte(entry))
			}
			return "---\n" + entry, err
		}
	}
	key := ""
	if wanted == keyedFile && !remotely.MatchString(entry) {
		if before, after, found := strings.Cut(entry, "="); found {
			key, entry = before+"=", after
		}
	}
	var found string
	var err error
	if remotely.MatchString(entry) {
		if wanted == keyedFile && key == "" {
			key = path.Base(entry) + "="
		}
		found, err = t.fetch(root, entry, wanted)
	} else {
		found, err = t.onDisk(root, entry, wanted)
	}
	if err == nil && wanted == plugin {
		t.plugins[t.resolved(filepath.Join(root, found))] = true
	}
	return key + found, err
}

// onDisk returns a path that kustomize looks up on the disk.
func (t *tree) onDisk(root, entry string, wanted kind) (string, error) {
	resolved := t.resolved(filepath.Join(root, entry))
	isFolder := t.FileSystem.IsDir(resolved)
	switch repository := t.repositoryOf(root); {
	case isFolder && repository != "" && !inside(resolved, repository):
		return "", errors.New("outside the repository")
	case isFolder && wanted == plugin:
		return "", errors.New("a directory, not a file; list the files in it")
	case wanted == keyedFile && isKustomization(entry):
		return "", errors.New("a kustomization file, not data")
	case filepath.IsAbs(entry):
		return entry, nil
	}
	return "./" + entry, nil
}

// resolved follows links, as far as there is something.
func (t *tree) resolved(path string) string {
	folder, name, err := t.CleanedAbs(path)
	if err != nil {
		return path
	}
	return folder.Join(name)
}
