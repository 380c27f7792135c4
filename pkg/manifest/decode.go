package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Decode reads the objects of one file, in YAML or JSON, in their order.
// Documents without content are passed over and Lists are expanded. An error
// names the file, the document and the line.
func Decode(file string, data []byte) ([]Object, error) {
	if _, _, isJSON := utilyaml.GuessJSONStream(bytes.NewReader(data), 4096); isJSON {
		return decodeJSON(file, data)
	}
	var objects []Object
	for i, doc := range split(data) {
		source := Source{File: file, Document: i + 1, Line: doc.start + firstContentLine(doc.text)}
		raw, err := yaml.YAMLToJSON(doc.text)
		if err != nil {
			return nil, syntaxError(source, doc, err)
		}
		found, err := fromJSON(source, raw)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

// decodeJSON reads one JSON value after the other.
func decodeJSON(file string, data []byte) ([]Object, error) {
	var objects []Object
	decoder := json.NewDecoder(bytes.NewReader(data))
	for n := 1; ; n++ {
		source := Source{File: file, Document: n, Line: lineAt(data, decoder.InputOffset())}
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				source.Line = lineAt(data, syntax.Offset)
			}
			return nil, fmt.Errorf("%s: not valid JSON: %w", source, err)
		}
		found, err := fromJSON(source, raw)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
}

// lineAt gives the line, counted from 1, of the first byte at or after offset
// that is not space.
func lineAt(data []byte, offset int64) int {
	at := min(int(offset), len(data))
	skipped := len(data[at:]) - len(bytes.TrimLeft(data[at:], " \t\r\n"))
	return 1 + bytes.Count(data[:at+skipped], []byte("\n"))
}

// fromJSON makes the object of one document, or those of a List.
func fromJSON(source Source, raw []byte) ([]Object, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name         string `json:"name"`
			GenerateName string `json:"generateName"`
		} `json:"metadata"`
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("%s: not a Kubernetes object: %w", source, shorter(err))
	}
	switch {
	case head.Kind == "":
		return nil, fmt.Errorf("%s: the object has no kind; every object needs apiVersion, kind and metadata.name", source)
	case head.APIVersion == "":
		return nil, fmt.Errorf("%s: %s has no apiVersion; every object needs apiVersion, kind and metadata.name", source, strings.ToLower(head.Kind))
	case strings.HasSuffix(head.Kind, "List") && head.Items != nil:
		return expand(source, head.Items)
	case head.Metadata.Name == "" && head.Metadata.GenerateName != "":
		return nil, fmt.Errorf("%s: %s has a generateName; applying needs a metadata.name", source, strings.ToLower(head.Kind))
	case head.Metadata.Name == "":
		return nil, fmt.Errorf("%s: %s has no metadata.name", source, strings.ToLower(head.Kind))
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("%s: not a Kubernetes object: %w", source, err)
	}
	return []Object{{Unstructured: object, Source: source}}, nil
}

// expand gives the objects of a List; they share its source.
func expand(source Source, items []json.RawMessage) ([]Object, error) {
	var objects []Object
	for _, item := range items {
		found, err := fromJSON(source, item)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

// shorter leaves out what encoding/json says about Go types.
func shorter(err error) error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return err
	}
	if mismatch.Field == "" {
		return fmt.Errorf("a mapping is expected, not %s", article(mismatch.Value))
	}
	return fmt.Errorf("%s must not be %s", mismatch.Field, article(mismatch.Value))
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// syntaxError turns the parser's line, counted from the document's start,
// into the file's.
func syntaxError(source Source, doc document, err error) error {
	message := YAMLCause(err)
	found := yamlLine.FindStringSubmatch(message)
	if found == nil {
		return fmt.Errorf("%s: not valid YAML: %s", source, message)
	}
	n, _ := strconv.Atoi(found[1])
	source.Line = doc.start + n - 1
	message = strings.TrimPrefix(message, found[0]+": ")
	return fmt.Errorf("%s: not valid YAML: %s", source, message)
}

// YAMLCause gives what the YAML parser says in one line and without the names
// of the layers around it.
func YAMLCause(err error) string {
	err = shorter(err)
	message := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	message = strings.TrimPrefix(message, "error unmarshaling JSON: while decoding JSON: ")
	message = strings.TrimPrefix(message, "yaml: ")
	return strings.Join(strings.Fields(message), " ")
}

// article gives "an array", "a string".
func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
