package manifest

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// keyed are the lists of pods and webhooks that a server-side apply takes for
// maps (x-kubernetes-list-map-keys), and that Kubernetes lets have two entries
// of a key all the same, as kubectl's own apply does.
var keyed = map[string][]string{
	"env":              {"name"},
	"ports":            {"containerPort", "protocol"},
	"imagePullSecrets": {"name"},
	"hostAliases":      {"ip"},
}

// Unique returns an object of which no such list has two entries of the same
// key: the last one stays, which is what counts with the kubelet, too. Its
// warnings name what is left out. The object itself is not changed.
func Unique(object Object) (Object, []string) {
	u := &uniqueness{}
	changed := object.DeepCopy()
	for _, path := range untyped.PodSpecs() {
		pod, found, err := unstructured.NestedFieldNoCopy(changed.Object, path...)
		if fields, ok := pod.(map[string]any); found && err == nil && ok {
			u.pod(fields, strings.Join(path, "."))
		}
	}
	if changed.GroupVersionKind().Group == "admissionregistration.k8s.io" {
		u.list(changed.Object, "", "webhooks", []string{"name"})
	}
	if len(u.warnings) == 0 {
		return object, nil
	}
	ref := Ref(object.Unstructured)
	for i, warning := range u.warnings {
		u.warnings[i] = fmt.Sprintf("%s: %s: %s", object.Source, ref, warning)
	}
	object.Unstructured = changed
	return object, u.warnings
}

// uniqueness collects what was left out.
type uniqueness struct{ warnings []string }

// pod looks at a pod's lists and at those of its containers. What has no
// containers is no pod.
func (u *uniqueness) pod(pod map[string]any, path string) {
	if _, ok := pod["containers"].([]any); !ok {
		return
	}
	for _, list := range []string{"imagePullSecrets", "hostAliases"} {
		u.list(pod, path, list, keyed[list])
	}
	for _, containers := range []string{"initContainers", "containers"} {
		entries, _ := pod[containers].([]any)
		for i, entry := range entries {
			container, _ := entry.(map[string]any)
			for _, list := range []string{"env", "ports"} {
				u.list(container, fmt.Sprintf("%s.%s[%d]", path, containers, i), list, keyed[list])
			}
		}
	}
}

// list leaves the last entry of each key. Entries that are no mappings are for
// the server to refuse.
func (u *uniqueness) list(parent map[string]any, path, name string, keys []string) {
	entries, _ := parent[name].([]any)
	last := map[string]int{}
	for i, entry := range entries {
		last[keyOf(entry, keys)] = i
	}
	if len(last) == len(entries) {
		return
	}
	var left []any
	for i, entry := range entries {
		key := keyOf(entry, keys)
		if last[key] == i {
			left = append(left, entry)
			continue
		}
		field := strings.TrimPrefix(path+"."+name, ".")
		warning := fmt.Sprintf("%s has several entries with %s; the last one wins", field, key)
		if !slices.Contains(u.warnings, warning) {
			u.warnings = append(u.warnings, warning)
		}
	}
	parent[name] = left
}

// keyOf returns "containerPort 80, protocol TCP". A protocol that is not written
// is TCP.
func keyOf(entry any, keys []string) string {
	fields, _ := entry.(map[string]any)
	var parts []string
	for _, key := range keys {
		value := fields[key]
		if key == "protocol" && value == nil {
			value = "TCP"
		}
		parts = append(parts, fmt.Sprintf("%s %v", key, value))
	}
	return strings.Join(parts, ", ")
}
