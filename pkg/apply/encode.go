package apply

import (
	"bytes"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// encode returns the body of a patch. The server reads it as YAML, which is
// almost the same as JSON: it refuses some characters that JSON takes as they
// are, and makes a space of one of them. Here they are escaped.
func encode(object *unstructured.Unstructured) ([]byte, error) {
	body, err := object.MarshalJSON()
	if err != nil || !bytes.ContainsFunc(body, strange) {
		return body, err
	}
	var escaped bytes.Buffer
	for _, r := range string(body) {
		if strange(r) {
			fmt.Fprintf(&escaped, `\u%04x`, r)
			continue
		}
		escaped.WriteRune(r)
	}
	return escaped.Bytes(), nil
}

// strange tells what YAML 1.1 does not take for a letter, and encoding/json
// does not escape. https://yaml.org/spec/1.1/#c-printable
func strange(r rune) bool {
	return r >= 0x7f && r < 0xa0 || r == 0xfeff || r == 0xfffe || r == 0xffff
}
