package apiupgrade

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"
)

// annotation is one that stood for a field before there was the field, and that
// Kubernetes no longer reads. It makes the field's value of its text; it is false
// where it cannot.
type annotation struct {
	field []string
	value func(string) (any, bool)
}

// ofPods are those of pods and of their templates; the fields are below the spec.
var ofPods = map[string]annotation{
	"scheduler.alpha.kubernetes.io/tolerations": {[]string{"tolerations"}, jsonList},
	"scheduler.alpha.kubernetes.io/affinity":    {[]string{"affinity"}, jsonObject},
	"scheduler.alpha.kubernetes.io/name":        {[]string{"schedulerName"}, plain},
	"pod.alpha.kubernetes.io/init-containers":   {[]string{"initContainers"}, jsonList},
	"pod.beta.kubernetes.io/init-containers":    {[]string{"initContainers"}, jsonList},
	"pod.beta.kubernetes.io/hostname":           {[]string{"hostname"}, plain},
	"pod.beta.kubernetes.io/subdomain":          {[]string{"subdomain"}, plain},
	"security.alpha.kubernetes.io/sysctls":      {[]string{"securityContext", "sysctls"}, sysctls},
	"seccomp.security.alpha.kubernetes.io/pod":  {[]string{"securityContext", "seccompProfile"}, seccomp},
}

// ofServices are those of Services.
var ofServices = map[string]annotation{
	"service.alpha.kubernetes.io/tolerate-unready-endpoints": {[]string{"publishNotReadyAddresses"}, truth},
	"service.beta.kubernetes.io/external-traffic":            {[]string{"externalTrafficPolicy"}, traffic},
}

// ineffective are annotations of pods and namespaces for which no field stands.
var ineffective = map[string]string{
	"scheduler.alpha.kubernetes.io/critical-pod": "set spec.priorityClassName of the pods instead",
	"net.beta.kubernetes.io/network-policy":      "write a NetworkPolicy instead",
}

// withFields returns an object in which such annotations have become fields. It
// gives the arguments where there are none.
func withFields(before *unstructured.Unstructured, change *Change) (*unstructured.Unstructured, *Change) {
	if !annotated(before.Object) || known(before.GroupVersionKind()) == nil && converter(before.GroupVersionKind()) == nil {
		return before, change
	}
	d := &draft{object: before.DeepCopy().Object}
	var useless []string
	switch before.GetKind() {
	case "Namespace":
		useless = d.useless(d.object, "metadata")
	case "Service":
		d.fields(d.object, "", ofServices)
	case "Pod":
		d.fields(d.object, "", ofPods)
		useless = d.useless(d.object, "metadata")
	default:
		for _, path := range [][]string{{"spec", "template"}, {"spec", "jobTemplate", "spec", "template"}} {
			template := mapping(d.object, path...)
			d.fields(template, strings.Join(path, ".")+".", ofPods)
			useless = append(useless, d.useless(template, strings.Join(path, ".")+".metadata")...)
		}
	}
	if len(d.notes) == 0 {
		return before, change
	}
	after := Change{From: before.GroupVersionKind(), To: before.GroupVersionKind()}
	if change != nil {
		after = *change
	}
	after.Notes = slices.Concat(after.Notes, d.notes)
	after.Ineffective = useless
	return &unstructured.Unstructured{Object: d.object}, &after
}

// annotated reports whether an object or its template has annotations of old
// versions, which nearly none has.
func annotated(object map[string]any) bool {
	for _, path := range [][]string{{"metadata"}, {"spec", "template", "metadata"}, {"spec", "jobTemplate", "spec", "template", "metadata"}} {
		for key := range mapping(object, append(path, "annotations")...) {
			_, pod := ofPods[key]
			_, service := ofServices[key]
			if pod || service || ineffective[key] != "" {
				return true
			}
		}
	}
	return false
}

// fields makes fields of the annotations of an object or a template. What the
// author wrote as a field stays.
func (d *draft) fields(of map[string]any, path string, known map[string]annotation) {
	annotations, spec := mapping(of, "metadata", "annotations"), mapping(of, "spec")
	if spec == nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		meant, is := known[key]
		text, isText := annotations[key].(string)
		if !is || !isText {
			continue
		}
		value, understood := meant.value(text)
		if !understood || !place(spec, meant.field, value) {
			continue
		}
		delete(annotations, key)
		d.note("the annotation %s of %smetadata becomes %sspec.%s", key, path, path, strings.Join(meant.field, "."))
	}
}

// place writes a field, unless there is one.
func place(spec map[string]any, field []string, value any) bool {
	last := len(field) - 1
	if mapping(spec, field[:last]...)[field[last]] != nil {
		return false
	}
	for _, name := range field[:last] {
		spec = made(spec, name)
	}
	if spec == nil {
		return false
	}
	spec[field[last]] = value
	return true
}

// useless names the annotations without effect.
func (d *draft) useless(of map[string]any, path string) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(mapping(of, "metadata", "annotations"))) {
		remedy := ineffective[key]
		if remedy == "" || !blank(mapping(of, "spec"), "priorityClassName") {
			continue
		}
		found = append(found, fmt.Sprintf("the annotation %s of %s has no effect any more; %s", key, path, remedy))
		d.note("%s", found[len(found)-1])
	}
	return found
}

func jsonList(text string) (any, bool) {
	var value []any
	return value, kjson.UnmarshalCaseSensitivePreserveInts([]byte(text), &value) == nil && len(value) > 0
}

func jsonObject(text string) (any, bool) {
	var value map[string]any
	return value, kjson.UnmarshalCaseSensitivePreserveInts([]byte(text), &value) == nil && len(value) > 0
}

func plain(text string) (any, bool) { return text, text != "" }

func truth(text string) (any, bool) { return true, text == "true" }

// traffic is what a load balancer does.
func traffic(text string) (any, bool) {
	policy, known := map[string]string{"OnlyLocal": "Local", "Global": "Cluster"}[text]
	return policy, known
}

// sysctls are a=b,c=d.
func sysctls(text string) (any, bool) {
	var all []any
	for entry := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(entry, "=")
		if !found || name == "" {
			return nil, false
		}
		all = append(all, map[string]any{"name": name, "value": value})
	}
	return all, true
}

// seccomp is the profile of a pod.
func seccomp(text string) (any, bool) {
	profile, local := strings.CutPrefix(text, "localhost/")
	switch {
	case text == "runtime/default" || text == "docker/default":
		return map[string]any{"type": "RuntimeDefault"}, true
	case text == "unconfined":
		return map[string]any{"type": "Unconfined"}, true
	case local && profile != "":
		return map[string]any{"type": "Localhost", "localhostProfile": profile}, true
	}
	return nil, false
}
