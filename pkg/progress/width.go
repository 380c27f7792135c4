package progress

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// ellipsis stands for what is cut off.
const ellipsis = "…"

// columnsOf returns how many columns of a terminal a text takes, or more:
// terminals do not agree on letters that are joined, and a line that is
// thought too long is cut, while one that is thought too short would wrap.
func columnsOf(text string) int {
	columns := 0
	for _, r := range text {
		columns += columnsOfRune(r)
	}
	return columns
}

const (
	// emojiStyle makes some letters wide that are not by themselves.
	emojiStyle = '\ufe0f'
	// Two of the letters between these are a flag.
	firstRegional, lastRegional = 0x1f1e6, 0x1f1ff
)

func columnsOfRune(r rune) int {
	switch {
	case r < 0x7f, r == emojiStyle:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= firstRegional && r <= lastRegional:
		return 2
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens a text to so many columns.
func cut(text string, columns int) string {
	if columnsOf(text) <= columns {
		return text
	}
	left := columns - columnsOf(ellipsis)
	if left < 0 {
		return ""
	}
	for i, r := range text {
		if left -= columnsOfRune(r); left < 0 {
			return text[:i] + ellipsis
		}
	}
	return text
}

// pad fills a text with spaces to so many columns.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-columnsOf(text)))
}
