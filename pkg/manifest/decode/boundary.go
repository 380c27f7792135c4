package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	goyaml "go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// cut parts a document before each line on which the keys of an object begin
// again, because somebody forgot to separate the two; kubectl reads only the
// last. It gives nil where a part would be no object: then it was something
// else.
func (d document) cut(root *yaml3.Node, source manifest.Source) []value {
	if root.Kind != yaml3.MappingNode || root.Style&yaml3.FlowStyle != 0 || bytes.ContainsAny(d.text, rareBreaks) {
		return nil
	}
	begins := []int{1}
	seen := map[string]bool{}
	for i := 0; i < len(root.Content); i += 2 {
		key := root.Content[i]
		if !heads[key.Value] {
			continue
		}
		if seen[key.Value] {
			begins = append(begins, key.Line)
			clear(seen)
		}
		seen[key.Value] = true
	}
	if len(begins) == 1 {
		return nil // they are in an item of a List
	}
	lines := bytes.SplitAfter(d.text, []byte("\n"))
	var parts []value
	for i, begin := range begins {
		end := len(lines)
		if i+1 < len(begins) {
			end = begins[i+1] - 1
		}
		if begin > end {
			return nil
		}
		part := document{text: bytes.Join(lines[begin-1:end], nil), start: d.start + begin - 1}
		if !hasContent(part.text) {
			return nil
		}
		source.Line = part.start + firstContentLine(part.text)
		read, err := part.yaml(source)
		if err != nil || len(read.parts) > 0 {
			return nil
		}
		if _, err := fromJSON(source, read.raw); err != nil {
			return nil
		}
		parts = append(parts, read)
	}
	return parts
}

// boundary finds the first key with which a second object may begin.
func boundary(repeated []repetition) (first repetition, found bool) {
	for _, one := range repeated {
		if one.head {
			return one, true
		}
	}
	return repetition{}, false
}

// unseparated is what a strict reading says of two objects in one document.
func (v value) unseparated() error {
	first, _ := boundary(v.repeated)
	at := v.source
	at.Line = first.line
	if len(v.parts) > 0 {
		return fmt.Errorf("%s: %s starts here, in the same document as %s; separate them with --- above this line, or read them as two objects with --strict=false",
			at, v.parts[1].named(), v.parts[0].named())
	}
	return fmt.Errorf("%s: %s: %s is set %s, as if a second object started here; add --- above it, keep one of them, or use the last one with --strict=false",
		at, first.name(), first.path, often(first.times))
}

// separated is the warning for each part but the first.
func (v value) separated() []string {
	var warnings []string
	for i, part := range v.parts[1:] {
		warnings = append(warnings, fmt.Sprintf("%s: %s starts here, in the same document as %s; they are read as two objects, but kubectl would lose the first: separate them with ---",
			part.source, part.named(), v.parts[i].named()))
	}
	return warnings
}

// lost is the warning where the last of two objects takes the place of the
// first, as with kubectl.
func (v value) lost() []string {
	var warnings []string
	var keys []string
	flush := func(first repetition) {
		at := v.source
		at.Line = first.line
		warnings = append(warnings, fmt.Sprintf("%s: %s: %s set %s; the last one wins, and the first is lost: if they are two objects, separate them with ---",
			at, first.name(), list(keys), often(first.times)))
		keys = nil
	}
	var first repetition
	for _, one := range v.repeated {
		if !one.head {
			continue
		}
		if len(keys) > 0 && one.object != first.object {
			flush(first)
		}
		if len(keys) == 0 {
			first = one
		}
		keys = append(keys, one.path)
	}
	if len(keys) > 0 {
		flush(first)
	}
	return warnings
}

// named returns the object of a part, which has been seen to be one.
func (v value) named() string {
	objects, err := fromJSON(v.source, v.raw)
	if err != nil || len(objects) != 1 {
		return "a list"
	}
	return manifest.Ref(objects[0].Unstructured).String()
}

// list returns "kind is" or "kind, metadata are".
func list(keys []string) string {
	if len(keys) == 1 {
		return keys[0] + " is"
	}
	return strings.Join(keys, ", ") + " are"
}

// single refuses what follows the first value, which the library drops. Only
// behind a value in brackets or quotes can there be another one, or behind a
// rare line end.
func (d document) single() error {
	closed := bytes.ContainsRune([]byte(`{["'`), rune(d.text[firstContent(d.text)]))
	if !closed && !bytes.ContainsAny(d.text, rareBreaks) {
		return nil
	}
	decoder := goyaml.NewDecoder(bytes.NewReader(d.text))
	var ignored any
	if err := decoder.Decode(&ignored); err != nil {
		return err
	}
	if err := decoder.Decode(&ignored); !errors.Is(err, io.EOF) {
		return errors.New("unexpected data after the first value; separate documents with ---")
	}
	return nil
}
