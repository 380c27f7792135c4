package decode

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"slices"
	"unicode/utf16"
)

// document is one document of a YAML stream.
type document struct {
	text []byte
	// start is the line of the stream, counted from 1, of text's first line.
	start int
}

// separator matches the line that begins a document, and what stands behind
// the dashes: YAML allows content there, and kubectl loses it. ending matches
// the line that ends a document.
var (
	separator = regexp.MustCompile(`^---([\s#].*)?$`)
	ending    = regexp.MustCompile(`^\.\.\.(\s+(#.*)?)?$`)
)

// split cuts a YAML stream into its documents and leaves out those that hold
// nothing but space and comments.
func split(stream []byte) []document {
	stream = inUTF8(stream)
	// To YAML each of these ends a line, wherever it stands.
	stream = bytes.ReplaceAll(stream, []byte("\r\n"), []byte("\n"))
	stream = bytes.ReplaceAll(stream, []byte("\r"), []byte("\n"))
	var documents []document
	var text []byte
	start, line := 1, 0
	begin := func(at int) {
		if hasContent(text) {
			documents = append(documents, document{text: text, start: start})
		}
		text, start = nil, at
	}
	for rest := stream; len(rest) > 0; {
		row, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		line++
		switch {
		case ending.Match(row):
			begin(line + 1)
			continue
		case separator.Match(row):
			if !hasContent(row[3:]) {
				begin(line + 1)
				continue
			}
			begin(line)
			// Spaces keep the columns of what stands behind the dashes.
			row = append([]byte("   "), row[3:]...)
		}
		text = append(append(text, row...), '\n')
	}
	begin(line)
	return documents
}

// inUTF8 returns a stream in UTF-8 and without a byte order mark. YAML may also
// be UTF-16, which is what Windows PowerShell writes.
func inUTF8(stream []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(stream, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(stream, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(stream, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, len(stream)/2-1)
	for i := range units {
		units[i] = order.Uint16(stream[2*i+2:])
	}
	runes := utf16.Decode(units)
	text := []byte(string(runes))
	if len(stream)%2 != 0 || !slices.Equal(utf16.Encode(runes), units) {
		text = append(text, 0xff) // it is broken, and the parser refuses it for this
	}
	return text
}

// rareBreaks end a line, too, to the parser, which knows YAML 1.1 only. No file
// has them but by accident, and so they are not looked for in it: where there
// is one, something could be overlooked.
const rareBreaks = "\u0085\u2028\u2029"

// hasContent reports whether there is more than space and comments.
func hasContent(text []byte) bool { return firstContent(text) >= 0 }

// firstContent returns the offset of the first byte that is neither space nor
// part of a comment, or -1.
func firstContent(text []byte) int {
	offset := 0
	for row := range bytes.Lines(text) {
		trimmed := bytes.TrimLeft(row, " \t\n")
		if len(trimmed) > 0 && (trimmed[0] != '#' || bytes.ContainsAny(trimmed, rareBreaks)) {
			return offset + len(row) - len(trimmed)
		}
		offset += len(row)
	}
	return -1
}

// firstContentLine returns the index of the line of the first content, or -1.
func firstContentLine(text []byte) int {
	if !hasContent(text) {
		return -1
	}
	return bytes.Count(text[:firstContent(text)], []byte("\n"))
}
