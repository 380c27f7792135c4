package applyset

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// longestList bounds what a list of members is unpacked to: anybody may have
// written it, and a ConfigMap of 1 MiB could grow a thousandfold.
const longestList = 16 << 20

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
		object.Name != "" && len(path.IsValidPathSegmentName(object.Name)) == 0 &&
		(object.Namespace == "" || len(validation.IsDNS1123Label(object.Namespace)) == 0)
}
