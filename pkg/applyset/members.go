package applyset

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// longestList bounds what a list of members is unpacked to: anybody may have
// written it, and a ConfigMap of 1 MiB could grow a thousandfold.
const longestList = 16 << 20

// object returns the parent of a set.
func (p *Parent) object(set Record) *corev1.ConfigMap {
	kinds := make([]string, len(set.Kinds))
	for i, kind := range set.Kinds {
		kinds[i] = kind.String()
	}
	others := slices.DeleteFunc(slices.Clone(set.Namespaces), func(name string) bool { return name == p.Namespace })
	object := &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      p.Name,
			Namespace: p.Namespace,
			Labels:    map[string]string{IDLabel: ID(p.Name, p.Namespace)},
			Annotations: map[string]string{
				ToolingAnnotation:    tooling,
				kindsAnnotation:      strings.Join(kinds, ","),
				namespacesAnnotation: strings.Join(others, ","),
			},
		},
		Data: map[string]string{sourceKey: set.Source},
	}
	if set.Settings != "" {
		object.Data[settingsKey] = set.Settings
	}
	if len(set.Objects) > 0 {
		object.BinaryData = map[string][]byte{membersKey: encodeMembers(set.Objects)}
	}
	return object
}

// memberNames are the names of members by kind, as in Deployment.apps, and by
// namespace, which is empty for kinds without.
type memberNames map[string]map[string][]string

// encodeMembers returns the compressed list of members, which are sorted. A
// ConfigMap takes 1 MiB, and the names of a large manifest in plain text may
// take more.
func encodeMembers(objects []event.Object) []byte {
	names := memberNames{}
	for _, object := range objects {
		kind := schema.GroupKind{Group: object.Group, Kind: object.Kind}.String()
		if names[kind] == nil {
			names[kind] = map[string][]string{}
		}
		names[kind][object.Namespace] = append(names[kind][object.Namespace], object.Name)
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_ = json.NewEncoder(writer).Encode(names) // strings, into memory
	_ = writer.Close()
	return packed.Bytes()
}

// decodeMembers returns the members of a compressed list, and none where it is
// absent or no such list.
func decodeMembers(packed []byte) []event.Object {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	var names memberNames
	if json.NewDecoder(io.LimitReader(reader, longestList)).Decode(&names) != nil {
		return nil
	}
	var objects []event.Object
	for name, namespaces := range names {
		kind := schema.ParseGroupKind(name)
		for namespace, of := range namespaces {
			for _, name := range of {
				objects = append(objects, event.Object{Group: kind.Group, Kind: kind.Kind, Namespace: namespace, Name: name})
			}
		}
	}
	slices.SortFunc(objects, compare)
	return objects
}

// isReference reports whether an object can be asked for: each part becomes one
// of a path.
func isReference(object event.Object) bool {
	isText := utf8.ValidString(object.Group) && utf8.ValidString(object.Kind) && utf8.ValidString(object.Name)
	return isText && object.Kind != "" && !strings.Contains(object.Kind, ".") &&
		object.Name != "" && len(content.IsPathSegmentName(object.Name)) == 0 &&
		(object.Namespace == "" || len(validation.IsDNS1123Label(object.Namespace)) == 0)
}
