// Package decode owns the reading of YAML and JSON text into objects, each of
// which knows where it was written.
package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// Decode reads the objects of one file, in YAML or JSON, in their order; the
// file's name is only for messages. Documents without content are passed over
// and Lists are expanded. Where a key comes twice the last one counts, with a
// warning. Where a second object begins in a document without a separator, a
// strict reading is an error; another one takes them apart if it can. An error
// names the file, the document and the line, such as one whose aliases stand for
// more than Expansion allows; then there is no content. The data is not changed or
// kept.
func Decode(file string, data []byte, strict bool) (manifest.Content, error) {
	r := reading{strict: strict}
	number := 0
	documents := split(data)
	if _, err := expansion(file, documents); err != nil {
		return manifest.Content{}, err
	}
	for n, ahead := range readAhead(file, documents) {
		if number != n { // one before it has several values, or none
			ahead.values, ahead.err = documents[n].values(manifest.Source{File: file, Document: number + 1})
		}
		if ahead.err != nil {
			return manifest.Content{}, ahead.err
		}
		number += len(ahead.values)
		for _, value := range ahead.values {
			if err := r.add(value); err != nil {
				return manifest.Content{}, err
			}
		}
	}
	r.Warnings = append(r.Warnings, warnings(file, r.repeated)...)
	return r.Content, nil
}

// reading is what has been read of a file.
type reading struct {
	manifest.Content
	strict   bool
	repeated []occurrence
}

func (r *reading) add(v value) error {
	if string(v.raw) == "null" {
		return nil
	}
	if _, second := boundary(v.repeated); second {
		if r.strict {
			return v.unseparated()
		}
		if len(v.parts) > 0 {
			r.Warnings = append(r.Warnings, v.separated()...)
			for _, part := range v.parts {
				if err := r.add(part); err != nil {
					return err
				}
			}
			return nil
		}
		r.Warnings = append(r.Warnings, v.lost()...)
	}
	found, err := v.objects()
	if err != nil {
		return err
	}
	r.Objects = append(r.Objects, found...)
	for _, one := range v.repeated {
		if !one.head {
			at := v.source
			at.Line = one.line
			r.repeated = append(r.repeated, occurrence{one, at})
		}
	}
	return nil
}

// value is one YAML document, or one of the JSON values that may follow each
// other in a document.
type value struct {
	source manifest.Source
	// raw is JSON in which each key comes once; repeated are those that came
	// more often.
	raw      []byte
	repeated []repetition
	// parts are the objects of a document in which a separator is missing.
	parts []value
	// made is what objects gives, where that was made ahead.
	made func() ([]manifest.Object, error)
}

// objects returns those of the value.
func (v value) objects() ([]manifest.Object, error) {
	if v.made != nil {
		return v.made()
	}
	return fromJSON(v.source, v.raw)
}

// values returns those of a document; first names the first of them.
func (d document) values(first manifest.Source) ([]value, error) {
	first.Line = d.start + firstContentLine(d.text)
	isJSON := d.text[firstContent(d.text)] == '{'
	if isJSON {
		values, err := d.jsonValues(first)
		if err == nil {
			return values, nil
		}
		// A brace may begin a YAML mapping, too.
		if found, yamlErr := d.yaml(first); yamlErr == nil && len(values) == 0 {
			return []value{found}, nil
		}
		return nil, err
	}
	found, err := d.yaml(first)
	if err != nil {
		return nil, syntaxError(first, d, err)
	}
	return []value{found}, nil
}

// yaml reads a YAML document. The strict parser costs no more than the other
// one, and only where it complains there is something to look for.
func (d document) yaml(source manifest.Source) (value, error) {
	v := value{source: source}
	var err, complaint error
	if v.raw, complaint = yaml.YAMLToJSONStrict(d.text); complaint != nil {
		if v.raw, err = yaml.YAMLToJSON(d.text); err != nil {
			return value{}, err
		}
	}
	if err := d.single(); err != nil || complaint == nil {
		return v, err
	}
	root := yamlTree(d.text)
	if root != nil {
		v.repeated = repetitions(root, d.start)
	}
	if len(v.repeated) == 0 {
		v.repeated = complaints(d.text, d.start, complaint)
	}
	if _, second := boundary(v.repeated); second {
		v.parts = d.cut(root, source)
	}
	return v, nil
}

// jsonValues reads one JSON value after the other; with an error it gives
// those before it.
func (d document) jsonValues(first manifest.Source) ([]value, error) {
	begin := firstContent(d.text)
	text := d.text[begin:]
	lineOf := func(offset int64) int {
		return d.start + bytes.Count(d.text[:begin+int(offset)], []byte("\n"))
	}
	var values []value
	decoder := json.NewDecoder(bytes.NewReader(text))
	for source := first; ; source.Document++ {
		offset := min(decoder.InputOffset(), int64(len(text)))
		skipped := len(text[offset:]) - len(bytes.TrimLeft(text[offset:], " \t\n"))
		source.Line = lineOf(offset + int64(skipped))
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				source.Line = lineOf(min(syntax.Offset, int64(len(text))))
			}
			return values, fmt.Errorf("%s: not valid JSON: %w", source, err)
		}
		found := value{source: source}
		found.raw, found.repeated = lastCounts(raw, source.Line)
		values = append(values, found)
	}
}

// kindName is wider than what CustomResourceDefinitions may name a kind, and
// versionName than what they may name groups and versions.
var (
	kindName    = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	versionName = regexp.MustCompile(`^([A-Za-z0-9._-]+/)?[A-Za-z0-9._-]+$`)
)

// notInNames is what a terminal acts on.
var notInNames = []*unicode.RangeTable{unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control}

// fromJSON makes the object of one document, or those of a List.
func fromJSON(source manifest.Source, raw []byte) ([]manifest.Object, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name         string `json:"name"`
			Namespace    string `json:"namespace"`
			GenerateName string `json:"generateName"`
		} `json:"metadata"`
		Items json.RawMessage `json:"items"`
	}
	// Case-sensitive, as the API server is.
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, &head); err != nil {
		return nil, fmt.Errorf("%s: not a Kubernetes object: %w", source, shorter(err))
	}
	switch {
	case head.Kind == "":
		return nil, fmt.Errorf("%s: the object has no kind; every object needs apiVersion, kind and metadata.name", source)
	case !kindName.MatchString(head.Kind):
		return nil, fmt.Errorf("%s: invalid kind %q", source, head.Kind)
	case head.APIVersion == "":
		return nil, fmt.Errorf("%s: %s has no apiVersion; every object needs apiVersion, kind and metadata.name", source, strings.ToLower(head.Kind))
	case isList(head.APIVersion, head.Kind, head.Metadata.Name, head.Items):
		return expand(source, head.APIVersion, head.Kind, head.Items)
	case head.Metadata.Name == "" && head.Metadata.GenerateName != "":
		return nil, fmt.Errorf("%s: %s has a generateName; applying needs a metadata.name", source, strings.ToLower(head.Kind))
	case head.Metadata.Name == "":
		return nil, fmt.Errorf("%s: %s has no metadata.name", source, strings.ToLower(head.Kind))
	}
	for field, value := range map[string]string{"metadata.name": head.Metadata.Name, "metadata.namespace": head.Metadata.Namespace} {
		wrong := content.IsPathSegmentName(value)
		if strings.ContainsFunc(value, func(r rune) bool { return unicode.In(r, notInNames...) }) {
			wrong = []string{"may not contain line breaks or control characters"}
		}
		if len(wrong) > 0 {
			return nil, fmt.Errorf("%s: %s: %s %q %s", source, strings.ToLower(head.Kind), field, value, wrong[0])
		}
	}
	if !versionName.MatchString(head.APIVersion) {
		return nil, fmt.Errorf("%s: %s: apiVersion %q is not GROUP/VERSION", source, strings.ToLower(head.Kind), head.APIVersion)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(raw); err != nil {
		// The library's message holds the whole object, secrets included.
		return nil, fmt.Errorf("%s: %s %s is not a Kubernetes object", source, strings.ToLower(head.Kind), head.Metadata.Name)
	}
	if err := manifest.CheckStrings(object); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", source, manifest.Ref(object), err)
	}
	return []manifest.Object{{Unstructured: object, Source: source}}, nil
}

// isList tells lists from objects of a kind that only sounds like one. Lists of
// nothing may have no items, or null.
func isList(apiVersion, kind, name string, items json.RawMessage) bool {
	return apiVersion == "v1" && kind == "List" ||
		strings.HasSuffix(kind, "List") && items != nil && (name == "" || string(items) != "null")
}

// expand returns the objects of a List; they share its source. The items of a
// typed list, such as a ConfigMapList, need not repeat their kind.
func expand(source manifest.Source, apiVersion, kind string, list json.RawMessage) ([]manifest.Object, error) {
	var objects []manifest.Object
	var items []json.RawMessage
	if list != nil && json.Unmarshal(list, &items) != nil {
		return nil, fmt.Errorf("%s: not a Kubernetes object: the items of %s must be a list", source, strings.ToLower(kind))
	}
	itemKind := strings.TrimSuffix(kind, "List")
	for _, item := range items {
		var fields map[string]any
		if itemKind != "" && kjson.UnmarshalCaseSensitivePreserveInts(item, &fields) == nil && fields != nil && fields["kind"] == nil {
			fields["apiVersion"], fields["kind"] = apiVersion, itemKind
			complete, err := json.Marshal(fields)
			if err != nil {
				return nil, fmt.Errorf("%s: not a Kubernetes object: %w", source, err)
			}
			item = complete
		}
		found, err := fromJSON(source, item)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}
