package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yaml2 "go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// repetition is a key that a mapping has more than once. The last one counts,
// as it does for kubectl.
type repetition struct {
	// object is the one that the key belongs to, and path leads from it to the
	// key: spec.ports[1].name.
	object event.Object
	path   string
	// line, of the stream, is where the key comes again; times is how often it
	// comes in all.
	line, times int
	// head marks the keys that begin an object: where one of them comes again,
	// a second object may have been meant.
	head bool
}

// heads are the keys that every object has once.
var heads = map[string]bool{"apiVersion": true, "kind": true, "metadata": true}

// search walks through a document.
type search struct {
	// above is how many lines of the stream come before the document.
	above int
	found []repetition
}

// repetitions returns those of a document whose first line is start.
func repetitions(root *yaml3.Node, start int) []repetition {
	s := &search{above: start - 1}
	s.object(root)
	return s.found
}

// object looks through what stands where an object is expected.
func (s *search) object(node *yaml3.Node) { s.look(node, reference(node), "") }

// look looks through what path leads to. Aliases lead to what has been seen.
func (s *search) look(node *yaml3.Node, object event.Object, path string) {
	switch node.Kind {
	case yaml3.MappingNode:
		s.mapping(node, object, path)
	case yaml3.SequenceNode:
		for i, item := range node.Content {
			if path == "items" && strings.HasSuffix(object.Kind, "List") {
				s.object(item)
				continue
			}
			s.look(item, object, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

func (s *search) mapping(node *yaml3.Node, object event.Object, path string) {
	const once = -1
	seen := make(map[string]int, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := scalar(node.Content[i]), node.Content[i+1]
		at := key
		if path != "" {
			at = path + "." + key
		}
		switch earlier, twice := seen[key]; {
		case !twice:
			seen[key] = once
		case earlier == once:
			seen[key] = len(s.found)
			s.found = append(s.found, repetition{
				object: object, path: at, line: s.above + node.Content[i].Line, times: 2, head: path == "" && heads[key],
			})
		default:
			s.found[earlier].times++
		}
		s.look(value, object, at)
	}
}

// reference names what stands where an object is expected; the last keys
// count.
func reference(node *yaml3.Node) event.Object {
	metadata := field(node, "metadata")
	return event.Object{
		Kind:      scalar(field(node, "kind")),
		Namespace: scalar(field(metadata, "namespace")),
		Name:      scalar(field(metadata, "name")),
	}
}

// field returns the last value of a key, or nil.
func field(node *yaml3.Node, key string) *yaml3.Node {
	if node == nil || node.Kind != yaml3.MappingNode {
		return nil
	}
	for i := len(node.Content) - 2; i >= 0; i -= 2 {
		if scalar(node.Content[i]) == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// scalar returns a text in one line, because it goes into messages.
func scalar(node *yaml3.Node) string {
	if node != nil && node.Kind == yaml3.AliasNode {
		node = node.Alias
	}
	if node == nil || node.Kind != yaml3.ScalarNode {
		return ""
	}
	return strings.Join(strings.Fields(node.Value), " ")
}

// yamlTree returns the nodes of a YAML document, which have repeated keys and
// lines, or nil where this parser reads less than that of kubectl.
func yamlTree(text []byte) *yaml3.Node {
	var document yaml3.Node
	if yaml3.Unmarshal(text, &document) != nil || len(document.Content) != 1 {
		return nil
	}
	return document.Content[0]
}

var alreadySet = regexp.MustCompile(`^line (\d+): key "?(.*?)"? already set in map$`)

// complaints returns what the strict parser has to say, for want of nodes; it
// knows no path. It also complains of a key beside a merged one, which is no
// repetition.
func complaints(text []byte, start int, err error) []repetition {
	var mismatch *yaml2.TypeError
	if !errors.As(err, &mismatch) || bytes.Contains(text, []byte("<<")) {
		return nil
	}
	var found []repetition
	for _, complaint := range mismatch.Errors {
		if match := alreadySet.FindStringSubmatch(complaint); match != nil {
			line, _ := strconv.Atoi(match[1])
			found = append(found, repetition{path: match[2], line: start - 1 + line, times: 2})
		}
	}
	return found
}

// lastCounts returns a JSON value in which each key comes once, and those that
// came more often. To decode into a struct would mix all of their values.
func lastCounts(raw []byte, start int) ([]byte, []repetition) {
	var decoded any
	strict, err := kjson.UnmarshalStrict(raw, &decoded, kjson.DisallowDuplicateFields)
	if err != nil || len(strict) == 0 {
		return raw, nil
	}
	once, err := json.Marshal(decoded)
	if err != nil {
		return raw, nil
	}
	reader := jsonTree{decoder: json.NewDecoder(bytes.NewReader(raw)), text: raw, line: 1}
	root, err := reader.next()
	if err != nil {
		return raw, nil
	}
	return once, repetitions(root, start)
}

// jsonTree reads JSON into the nodes of YAML: the YAML parser refuses tabs
// that JSON may have.
type jsonTree struct {
	decoder *json.Decoder
	text    []byte
	// line is that of the offset up to which lines have been counted.
	line, counted int
}

// next reads a value, or the key of one.
func (t *jsonTree) next() (*yaml3.Node, error) {
	token, err := t.decoder.Token()
	if err != nil {
		return nil, err
	}
	offset := int(t.decoder.InputOffset())
	t.line += bytes.Count(t.text[t.counted:offset], []byte("\n"))
	t.counted = offset
	node := &yaml3.Node{Kind: yaml3.ScalarNode, Line: t.line}
	switch token := token.(type) {
	case string:
		node.Value = token
	case json.Delim:
		node.Kind = yaml3.MappingNode
		if token == '[' {
			node.Kind = yaml3.SequenceNode
		}
		for t.decoder.More() {
			child, err := t.next()
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		if _, err := t.decoder.Token(); err != nil { // the closing one
			return nil, err
		}
	}
	return node, nil
}
