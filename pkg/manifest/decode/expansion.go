package decode

import (
	"errors"
	"fmt"
	"regexp"

	yaml3 "go.yaml.in/yaml/v3"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

const (
	// maxExpansion bounds what the aliases of a file stand for: as much as the
	// largest file that is read. A megabyte could stand for gigabytes.
	maxExpansion = 64 << 20
	// nodeSize is what a value takes in memory besides its text.
	nodeSize = 100
)

// ErrExpansion is what an error of Expansion is where aliases stand for too much.
var ErrExpansion = errors.New("its aliases expand to more than 64 MiB; write out their values, or split the file")

// anchor and alias match wherever YAML could have one, and elsewhere, too.
var (
	anchor = regexp.MustCompile(`&[0-9A-Za-z_-]`)
	alias  = regexp.MustCompile(`\*[0-9A-Za-z_-]`)
)

// Expansion returns how many bytes the aliases of a YAML stream stand for, without
// writing them out, which every decoder does. More than 64 MiB is ErrExpansion;
// a document with aliases that is no YAML is an error, too. Errors name the file,
// the document and the line.
func Expansion(file string, data []byte) (int64, error) { return expansion(file, split(data)) }

func expansion(file string, documents []document) (int64, error) {
	var all expander
	for n, doc := range documents {
		if !anchor.Match(doc.text) || !alias.Match(doc.text) {
			continue
		}
		source := manifest.Source{File: file, Document: n + 1, Line: doc.start + firstContentLine(doc.text)}
		var root yaml3.Node
		if err := yaml3.Unmarshal(doc.text, &root); err != nil {
			return all.bytes, syntaxError(source, doc, err)
		}
		if line := all.walk(&root); line > 0 {
			source.Line = doc.start + line - 1
			return all.bytes, fmt.Errorf("%s: %w", source, ErrExpansion)
		}
	}
	return all.bytes, nil
}

// expander sums up what aliases stand for.
type expander struct {
	bytes int64
	// sizes are those of what has an anchor; while one is being looked at it is 0,
	// for an alias within itself, which decoders refuse.
	sizes map[*yaml3.Node]int64
}

// walk adds what the aliases below a node stand for. It gives the line of the one
// that is too much.
func (e *expander) walk(node *yaml3.Node) (line int) {
	if node.Kind == yaml3.AliasNode {
		if e.bytes += e.size(node.Alias); e.bytes > maxExpansion {
			return node.Line
		}
	}
	for _, child := range node.Content {
		if line := e.walk(child); line > 0 {
			return line
		}
	}
	return 0
}

// size returns that of a node with everything below it written out, or something
// above the bound.
func (e *expander) size(node *yaml3.Node) int64 {
	if node.Kind == yaml3.AliasNode {
		return e.size(node.Alias)
	}
	if known, is := e.sizes[node]; is {
		return known
	}
	if node.Anchor != "" {
		if e.sizes == nil {
			e.sizes = map[*yaml3.Node]int64{}
		}
		e.sizes[node] = 0
	}
	size := int64(nodeSize + len(node.Value))
	for _, child := range node.Content {
		size = min(size+e.size(child), maxExpansion+1)
	}
	if node.Anchor != "" {
		e.sizes[node] = size
	}
	return size
}
