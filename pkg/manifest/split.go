package manifest

import (
	"bytes"
	"regexp"
)

// document is one document of a YAML stream.
type document struct {
	text []byte
	// start is the line of the stream, counted from 1, of text's first line.
	start int
}

// separator matches what kubectl takes as one: a line that begins with three
// dashes and has only space or a comment behind them
// (k8s.io/apimachinery/pkg/util/yaml.YAMLReader).
var separator = regexp.MustCompile(`^---\s*(#.*)?$`)

// split cuts a YAML stream into its documents and leaves out those that hold
// nothing but space and comments.
func split(stream []byte) []document {
	stream = bytes.TrimPrefix(stream, []byte("\xef\xbb\xbf"))
	var documents []document
	var text []byte
	start, line := 1, 0
	flush := func() {
		if hasContent(text) {
			documents = append(documents, document{text: text, start: start})
		}
	}
	for rest := stream; len(rest) > 0; {
		row, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		line++
		row = bytes.TrimSuffix(row, []byte("\r"))
		if separator.Match(row) {
			flush()
			text, start = nil, line+1
			continue
		}
		text = append(append(text, row...), '\n')
	}
	flush()
	return documents
}

// hasContent tells whether there is more than space and comments.
func hasContent(text []byte) bool {
	return firstContentLine(text) >= 0
}

// firstContentLine gives the index of the first line that is neither empty
// nor a comment, or -1.
func firstContentLine(text []byte) int {
	for i, row := range bytes.Split(text, []byte("\n")) {
		row = bytes.TrimSpace(row)
		if len(row) > 0 && row[0] != '#' {
			return i
		}
	}
	return -1
}
