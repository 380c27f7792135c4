//go:build ignore

// Writes what values Istio's charts take, for pkg/manifest/values. That is all
// that one of these knows: Istio's own types of values and of the mesh
// configuration, the charts' values files and profiles, and their templates.
//
// It is built by its file's name (make values), as the oracle is, and for the
// same reason.
package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	mesh "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/manifests"
	"istio.io/istio/operator/pkg/apis"
	"sigs.k8s.io/yaml"
)

// The types of values. A map has a type for each key, a list that of its
// elements, and "A|B" is one of these words.
const (
	anything = "any"
	truth    = "bool"
	number   = "number"
	text     = "string"
)

const (
	defaults = "_internal_defaults_do_not_set"
	istiod   = "charts/istio-control/istio-discovery/"
)

// free are keys below which Istio takes what Kubernetes does, or what users
// make up, although a type or a default of its own names some of it.
var free = regexp.MustCompile(`(?i)(labels|annotations|resources|nodeSelector|affinity|env|securityContext|defaultPodDisruptionBudget|` + defaults + `)$`)

func main() {
	log.SetFlags(0)
	values := message((&apis.Values{}).ProtoReflect().Descriptor(), false).(map[string]any)
	values["meshConfig"] = message((&mesh.MeshConfig{}).ProtoReflect().Descriptor(), true)
	var found []any
	if err := fs.WalkDir(manifests.FS, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(file, "crd-all.gen.yaml") {
			return err
		}
		data, err := fs.ReadFile(manifests.FS, file)
		if err != nil {
			return err
		}
		found = append(found, read(file, data)...)
		return nil
	}); err != nil {
		log.Fatal(err)
	}
	all := any(values)
	found = slices.DeleteFunc(found, func(one any) bool { return one == anything || one == weak{anything} }) // of an empty file
	for _, weakly := range []bool{false, true} {
		for _, one := range found {
			if _, isWeak := one.(weak); isWeak == weakly {
				all = merge(all, one)
			}
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	if err := out.Encode(all); err != nil {
		log.Fatal(err)
	}
}

// read returns the types that a file of the manifests speaks of.
func read(file string, data []byte) []any {
	name := path.Base(file)
	switch {
	case name == "values.yaml":
		return ofValues(file, parse(file, data))
	case strings.HasPrefix(file, "profiles/"):
		spec, _ := parse(file, data)["spec"].(map[string]any)
		return []any{ofDefault("", spec["values"]), map[string]any{"meshConfig": ofDefault("", spec["meshConfig"])}}
	case strings.HasPrefix(name, "profile-"):
		return []any{ofDefault("", parse(file, data))}
	case strings.Contains(file, "/templates/") || strings.Contains(file, "/files/"):
		return ofTemplate(file, string(data))
	}
	return nil
}

func parse(file string, data []byte) map[string]any {
	var parsed map[string]any
	if err := yaml.Unmarshal(data, &parsed); err != nil {
		log.Fatalf("%s: %v", file, err)
	}
	return parsed
}

// shared are keys that mean the same to all charts.
var shared = []string{"base", "gateways", "global", "meshConfig", "pilot"}

// ofValues returns a chart's values. What istiod's chart has at the top can
// also be given below pilot, and that of the CNI plugin below cni.
func ofValues(file string, values map[string]any) []any {
	own, _ := values[defaults].(map[string]any)
	delete(values, defaults)
	found := []any{map[string]any{defaults: anything}, ofDefault("", values), ofDefault("", own)}
	below := map[string]string{istiod + "values.yaml": "pilot", "charts/istio-cni/values.yaml": "cni"}[file]
	if below != "" {
		legacy := ofDefault("", own).(map[string]any)
		for _, key := range shared {
			delete(legacy, key)
		}
		found = append(found, map[string]any{below: legacy})
	}
	return found
}

var (
	reference  = regexp.MustCompile(`\.Values\.([A-Za-z_][\w.]*\w)`)
	gateway    = regexp.MustCompile(`\$gateway\.([A-Za-z_][\w.]*\w)`)
	deprecated = regexp.MustCompile(`(?m)^    "([\w.]+)"`)
)

// ofTemplate returns the values that a template reads, and those of which it
// says that they are deprecated.
func ofTemplate(file, template string) []any {
	var found []any
	add := func(pattern *regexp.Regexp, above ...string) {
		for _, match := range pattern.FindAllStringSubmatch(template, -1) {
			keys := strings.Split(match[1], ".")
			if strings.HasPrefix(keys[0], "_") || above != nil && slices.Contains(shared, keys[0]) {
				continue
			}
			keys = append(above[:len(above):len(above)], keys...)
			at := any(anything)
			for n := len(keys) - 1; n >= 0; n-- {
				at = map[string]any{keys[n]: at}
			}
			found = append(found, weak{at})
		}
	}
	add(reference)
	if path.Base(file) == "NOTES.txt" {
		add(deprecated)
	}
	if strings.HasPrefix(file, "charts/gateways/istio-ingress/") {
		add(gateway, "gateways", "istio-ingressgateway")
	}
	if strings.HasPrefix(file, "charts/gateways/istio-egress/") {
		add(gateway, "gateways", "istio-egressgateway")
	}
	if strings.HasPrefix(file, istiod) {
		add(reference, "pilot")
	}
	return found
}

// weak is a type that says nothing of a value but that there is one.
type weak struct{ of any }

// ofDefault returns the type of a value, by what it is without the user's.
func ofDefault(key string, value any) any {
	if free.MatchString(key) {
		return anything
	}
	switch value := value.(type) {
	case bool:
		return truth
	case string:
		return text
	case []any:
		return []any{anything}
	case map[string]any:
		if len(value) == 0 {
			return weak{anything}
		}
		types := map[string]any{}
		for key, below := range value {
			types[key] = ofDefault(key, below)
		}
		return types
	}
	return weak{anything} // null, or a number, for which a percentage may do as well
}

// message returns the type of a protobuf message. Of the mesh configuration,
// which istiod reads as protobuf, every field is known; of the values only what
// is no list.
func message(of protoreflect.MessageDescriptor, strict bool) any {
	switch name := of.FullName(); {
	case name == "google.protobuf.BoolValue":
		return truth
	case name == "google.protobuf.Duration" || name == "google.protobuf.StringValue" || of.Name() == "IntOrString":
		return text
	case strings.HasPrefix(string(name), "google.protobuf.") && strings.HasSuffix(string(name), "Value") && name != "google.protobuf.Value" && name != "google.protobuf.ListValue":
		return number
	case strings.HasPrefix(string(name), "google.protobuf."):
		return anything
	}
	types := map[string]any{}
	for n := range of.Fields().Len() {
		field := of.Fields().Get(n)
		key := field.JSONName()
		switch {
		case field.IsMap(), free.MatchString(key):
			types[key] = anything
		case field.IsList() && !strict && field.Kind() == protoreflect.MessageKind:
			types[key] = []any{anything}
		case field.IsList():
			types[key] = []any{single(field, strict)}
		default:
			types[key] = single(field, strict)
		}
		if name := field.TextName(); !strict && !strings.Contains(key, "-") {
			types[name] = types[key]
		}
	}
	return types
}

func single(field protoreflect.FieldDescriptor, strict bool) any {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return message(field.Message(), strict)
	case protoreflect.BoolKind:
		return truth
	case protoreflect.StringKind, protoreflect.BytesKind:
		return text
	case protoreflect.EnumKind:
		if !strict {
			return text
		}
		var words []string
		for n := range field.Enum().Values().Len() {
			words = append(words, string(field.Enum().Values().Get(n).Name()))
		}
		return strings.Join(words, "|")
	}
	return number
}

// merge returns a type that takes what either takes.
func merge(a, b any) any {
	weakly, isWeak := b.(weak)
	if isWeak {
		b = weakly.of
	}
	first, firstMap := a.(map[string]any)
	second, secondMap := b.(map[string]any)
	_, firstList := a.([]any)
	_, secondList := b.([]any)
	switch {
	case a == nil && secondMap:
		return merge(map[string]any{}, b)
	case a == nil:
		return b
	case firstMap && secondMap:
		for key, below := range second {
			if isWeak {
				below = weak{below}
			}
			first[key] = merge(first[key], below)
		}
		return first
	case isWeak, firstList && secondList, fmt.Sprint(a) == fmt.Sprint(b):
		return a
	case b == text && strings.Contains(fmt.Sprint(a), "|"): // one of its words
		return a
	}
	return anything
}
