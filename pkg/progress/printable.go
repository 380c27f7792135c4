package progress

import (
	"fmt"
	"strings"
	"unicode"
)

// Printable replaces what a terminal acts on by spaces: control characters,
// which could be its escapes, and what ends a line or changes the direction of
// writing, which could make a text look like another one. What is no UTF-8
// becomes U+FFFD.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if isPrintable(r) {
			return r
		}
		return ' '
	}, text)
}

// PrintableLines does the same to a text whose line ends and tabs are meant.
func PrintableLines(text string) string {
	return strings.Map(func(r rune) rune {
		if isPrintable(r) || r == '\n' || r == '\t' {
			return r
		}
		return ' '
	}, text)
}

// Escaped writes what PrintableLines takes out as JSON does, as \u202e: in JSON
// it means the same.
func Escaped(text string) string {
	var escaped strings.Builder
	for _, r := range text {
		if isPrintable(r) || r == '\n' || r == '\t' {
			escaped.WriteRune(r)
		} else {
			fmt.Fprintf(&escaped, `\u%04x`, r) // all of these have four digits
		}
	}
	return escaped.String()
}

// isPrintable reports whether a terminal prints a rune instead of acting on it.
func isPrintable(r rune) bool {
	return !unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
